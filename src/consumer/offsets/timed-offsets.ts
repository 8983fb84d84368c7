import { defer, take, throwError, timeout } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { operationTimeout } from '../../errors.ts'
import type { OffsetStore } from './offset-store.ts'

/**
 * A store that is given up when nothing comes of it for so long: one that never ends would hold up all commits of its
 * consumer, which follow each other.
 */
export const timedOffsets = (
  store: OffsetStore,
  { timeoutMs, scheduler }: { readonly timeoutMs: number; readonly scheduler: SchedulerLike },
): OffsetStore => {
  const timed$ = <T>(what: string, sent: 'no' | 'maybe', make$: () => Observable<T>): Observable<T> => {
    const late$ = () => throwError(() => operationTimeout(`${what} of the offset store`, timeoutMs, { sent }))
    return defer(make$).pipe(timeout({ each: timeoutMs, with: late$, scheduler }))
  }
  return {
    load$: queue => timed$('load$', 'no', () => store.load$(queue)).pipe(take(1)),
    commit$: offsets => timed$('commit$', 'maybe', () => store.commit$(offsets)),
  }
}
