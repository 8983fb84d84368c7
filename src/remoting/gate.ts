import { asyncScheduler, catchError, defer, map, of, repeat, tap, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { backoffMs } from '../operators/backoff.ts'
import type { Session } from './session.ts'

/** Whether there is a session with an endpoint now, or else why not and when it is tried again. */
export type GateState =
  | { readonly up: true; readonly session: Session }
  | { readonly up: false; readonly cause: unknown; readonly retryInMs: number }

export interface GateOptions {
  /** First wait after a loss. Default 100 ms; each failure doubles it. */
  readonly firstMs?: number
  /** Longest wait. Default 3,000 ms: no longer than a send lasts that waits for the broker's return. */
  readonly maxMs?: number
  readonly random?: () => number
  readonly scheduler?: SchedulerLike
}

/**
 * The only place that dials an endpoint, and dials again after a loss. It never errors, and never repeats a request.
 * The wait grows until the server proved itself by an answer: a server that accepts and drops is not hammered.
 *
 * @param open$ opens one session and calls `proven` when it was answered
 */
export const gate$ = (
  open$: (proven: () => void) => Observable<Session>,
  { firstMs = 100, maxMs = 3_000, random = Math.random, scheduler = asyncScheduler }: GateOptions = {},
): Observable<GateState> =>
  defer(() => {
    let failures = 0
    let waitMs = firstMs
    const proven = (): void => {
      failures = 0
    }
    const fall = (): void => {
      failures++
      waitMs = backoffMs(failures, { firstMs, maxMs, random })
    }
    return defer(() => open$(proven)).pipe(
      map((session): GateState => ({ up: true, session })),
      catchError((cause: unknown) =>
        of(cause).pipe(
          tap(fall),
          map((): GateState => ({ up: false, cause, retryInMs: waitMs })),
        ),
      ),
      repeat({ delay: () => timer(waitMs, scheduler) }),
    )
  })
