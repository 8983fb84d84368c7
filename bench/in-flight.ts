import { mergeMap, range, reduce, repeat } from 'rxjs'
import type { Observable } from 'rxjs'

/**
 * Does an operation so often, so many at once. Not `mergeMap(f, n)` over a range: its buffer is an array that moves as a
 * whole for each item taken.
 */
export const inFlight$ = <T>(operation$: Observable<T>, count: number, atOnce: number): Observable<T> =>
  range(0, atOnce).pipe(mergeMap(() => operation$.pipe(repeat(Math.ceil(count / atOnce)))))

export const counted = () => reduce((n: number) => n + 1, 0)
