import { filter, firstValueFrom, tap, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'

/** The first value that is as wanted. After a while without one it fails and shows the last value there was. */
export const firstWhere = <T>(
  values$: Observable<T>,
  isWanted: (value: T) => boolean,
  withinMs = 20_000,
): Promise<T> => {
  let last = 'there was none'
  return firstValueFrom(
    values$.pipe(
      tap(value => (last = `the last one was ${JSON.stringify(value)}`)),
      filter(isWanted),
      timeout({
        first: withinMs,
        with: () => throwError(() => new Error(`no value was as wanted within ${withinMs} ms; ${last}`)),
      }),
    ),
  )
}
