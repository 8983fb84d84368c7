import { asyncScheduler, catchError, concat, defer, EMPTY, ignoreElements, Subject } from 'rxjs'
import { switchMap, takeUntil, tap, throwError, timer } from 'rxjs'
import type { MonoTypeOperatorFunction, Observable, ObservableInput, OperatorFunction, SchedulerLike } from 'rxjs'
import { boundedMap, type BoundedMapOptions } from './bounded-map.ts'

export interface WorkUntilOptions<T, R = never> extends BoundedMapOptions<T, R> {
  /** The wish to stop. Let it replay, or a wish uttered before the subscription is missed. */
  readonly until$: Observable<unknown>
  /** How long, from that wish on, what runs may take to finish, in milliseconds. A function is asked at the wish. */
  readonly deadlineMs: number | (() => number)
  readonly scheduler?: SchedulerLike
}

/**
 * A boundedMap that can stop gracefully: after `until$` it takes nothing new, puts back at once what waits, lets what
 * runs finish, then completes. What still runs at the deadline is unsubscribed: its own teardown says what that means.
 */
export const workUntil =
  <T, R>(
    work: (item: T, index: number) => ObservableInput<R>,
    { until$, deadlineMs, scheduler = asyncScheduler, ...options }: WorkUntilOptions<T, R>,
  ): OperatorFunction<T, R> =>
  source$ =>
    defer(() => {
      const wishes = new Subject<void>()
      const patience = () => (typeof deadlineMs === 'function' ? deadlineMs() : deadlineMs)
      return source$.pipe(
        boundedMap(work, { ...options, until$: until$.pipe(tap(() => wishes.next())) }),
        takeUntil(wishes.pipe(switchMap(() => timer(patience(), scheduler)))), // below the work: patience ends
      )
    })

/**
 * An asynchronous farewell, which `finalize` cannot wait for: after the source has completed or failed, `farewell$()`
 * runs, then the result ends as the source did. Not when unsubscribed, which waits for nothing. A farewell that fails
 * after a failure does not hide it.
 */
export const thenFinally = <T>(farewell$: () => Observable<unknown>): MonoTypeOperatorFunction<T> => {
  const goodbye$ = defer(farewell$).pipe(ignoreElements())
  const goodbyeAfter$ = (error: unknown) =>
    concat(
      goodbye$.pipe(catchError(() => EMPTY)),
      throwError(() => error),
    )
  return source$ => concat(source$.pipe(catchError(goodbyeAfter$)), goodbye$)
}
