import { map, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'

/** What is read now and every so many ms. */
export const sampled$ = <T>(read: () => T, everyMs: number, scheduler: SchedulerLike): Observable<T> =>
  timer(0, everyMs, scheduler).pipe(map(read))
