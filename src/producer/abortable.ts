import { Observable } from 'rxjs'
import type { MonoTypeOperatorFunction } from 'rxjs'
import { kindOf } from '../client/check-kinds.ts'
import { illegal } from '../errors.ts'

/** Ends an operation when a signal is aborted: as unsubscribing does, and with the reason as error. */
export const abortable =
  <T>(signal: AbortSignal | undefined): MonoTypeOperatorFunction<T> =>
  source$ =>
    signal === undefined
      ? source$
      : new Observable<T>(subscriber => {
          const abort = (): void => subscriber.error(signal.reason)
          if (!isSignal(signal)) {
            return subscriber.error(illegal(`signal is ${kindOf(signal)}: expected an AbortSignal`))
          }
          if (signal.aborted) return abort()
          signal.addEventListener('abort', abort, { once: true })
          subscriber.add(() => signal.removeEventListener('abort', abort))
          return source$.subscribe(subscriber)
        })

/** By what it can do: there are such signals besides those of Node. */
const isSignal = (given: unknown): boolean =>
  typeof (given as Partial<AbortSignal> | null)?.addEventListener === 'function' &&
  typeof (given as AbortSignal).removeEventListener === 'function'
