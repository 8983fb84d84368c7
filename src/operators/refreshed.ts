import { asyncScheduler, catchError, defer, EMPTY, map, merge, of, Subject, switchMap, tap, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { exhaustMapTrailing } from './exhaust-map-trailing.ts'

/** What one fetch brought: a failure is a value, because the next fetch may succeed. */
export type Refresh<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

export interface RefreshOptions {
  /** A fetch starts every so many milliseconds. */
  readonly periodMs: number
  /** After a failure, the next fetch starts so many milliseconds later. Default: it waits for the period or a nudge. */
  readonly retryMs?: number | undefined
  /** Each emission asks for a fetch that begins afterwards. Default: none. */
  readonly nudge$?: Observable<unknown> | undefined
  readonly scheduler?: SchedulerLike | undefined
}

/**
 * Fetches at once, then every period, and whenever nudged. Never two fetches at a time, and no nudge is lost: those
 * that come during a fetch are answered by one more. Never errors because of a fetch, and never completes.
 */
export const refreshed$ = <T>(
  fetch$: () => Observable<T>,
  { periodMs, retryMs, nudge$ = EMPTY, scheduler = asyncScheduler }: RefreshOptions,
): Observable<Refresh<T>> =>
  defer(() => {
    const outcomes = new Subject<'begun' | 'failed'>() // leads back from the fetches to their trigger
    const retry$ = outcomes.pipe(
      switchMap(outcome => (outcome === 'failed' && retryMs !== undefined ? timer(retryMs, scheduler) : EMPTY)),
    )
    const fetchOnce$ = defer(() => {
      outcomes.next('begun') // whatever began it, a retry that still waits is no longer needed
      return fetch$()
    }).pipe(
      map((value): Refresh<T> => ({ ok: true, value })),
      catchError((error: unknown) => of<Refresh<T>>({ ok: false, error })),
      tap(({ ok }) => {
        if (!ok) outcomes.next('failed')
      }),
    )
    return merge(retry$, timer(0, periodMs, scheduler), nudge$).pipe(exhaustMapTrailing(() => fetchOnce$))
  })
