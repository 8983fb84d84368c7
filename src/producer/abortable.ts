import { Observable } from 'rxjs'
import type { MonoTypeOperatorFunction } from 'rxjs'

/** Ends an operation when a signal is aborted: as unsubscribing does, and with the reason as error. */
export const abortable =
  <T>(signal: AbortSignal | undefined): MonoTypeOperatorFunction<T> =>
  source$ =>
    signal === undefined
      ? source$
      : new Observable<T>(subscriber => {
          const abort = (): void => subscriber.error(signal.reason)
          if (signal.aborted) return abort()
          signal.addEventListener('abort', abort, { once: true })
          subscriber.add(() => signal.removeEventListener('abort', abort))
          return source$.subscribe(subscriber)
        })
