import { defer, EMPTY, filter, of, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { ratio } from '../../observability/ratio.ts'
import type { KeptOffset, OffsetStore } from './offset-store.ts'

/** How the keeping of offsets goes, since the consumer was made. */
export interface OffsetMetrics {
  /** Calls of the store that kept all, and that failed at least in part. */
  readonly commits: { readonly ok: number; readonly failed: number; readonly successRate: number }
  /** How long a call took that kept all, ms on average; 0 before the first. */
  readonly commitMs: number
  /** Offsets that were asked of the store. */
  readonly loads: { readonly ok: number; readonly failed: number }
  /** Offsets that were remembered when they were asked for, and that were not. */
  readonly cache: { readonly hits: number; readonly misses: number; readonly hitRate: number; readonly size: number }
}

/** A store, and what is remembered of it. */
export interface OffsetCache {
  /** What is remembered, else what is kept. */
  load$(queue: QueueRef): Observable<Long | undefined>
  /** Keeps what is not known to be kept already. Emits what was kept now. */
  commit$(offsets: readonly KeptOffset[]): Observable<KeptOffset>
  /** The queue is given up: who has it next may go on, so that the store must be asked again. What is kept stays. */
  forget(queue: QueueRef): void
  /** What is remembered to be kept, of one topic or of all. */
  remembered(topic?: string): readonly KeptOffset[]
  metrics(): OffsetMetrics
}

export const createOffsetCache = (store: OffsetStore, now: () => number): OffsetCache => {
  const kept = new Map<string, KeptOffset>()
  const commits = { ok: 0, failed: 0 }
  const loads = { ok: 0, failed: 0 }
  const cache = { hits: 0, misses: 0 }
  let commitMs = 0
  let forgotten = 0

  /** For what the store will say: not if something was given up meanwhile, which would be remembered for good. */
  const remembering = (): ((one: KeptOffset) => void) => {
    const before = forgotten
    return one => {
      if (forgotten === before) kept.set(queueKey(one.queue), one)
    }
  }

  const loaded$ = (queue: QueueRef): Observable<Long | undefined> => {
    const remember = remembering()
    return store.load$(queue).pipe(
      tap({
        next: offset => {
          loads.ok++
          if (offset !== undefined) remember({ queue, offset })
        },
        error: () => loads.failed++,
      }),
    )
  }
  const kept$ = (changed: readonly KeptOffset[]): Observable<KeptOffset> => {
    const since = now()
    const remember = remembering()
    const given = new Set(changed.map(({ queue }) => queueKey(queue)))
    return store.commit$(changed).pipe(
      filter(({ queue }) => given.has(queueKey(queue))),
      tap({
        next: remember,
        complete: () => {
          commits.ok++
          commitMs += now() - since
        },
        error: () => commits.failed++,
      }),
    )
  }
  const isKept = ({ queue, offset }: KeptOffset): boolean => kept.get(queueKey(queue))?.offset.equals(offset) === true

  return {
    load$: queue =>
      defer(() => {
        const known = kept.get(queueKey(queue))
        if (known === undefined) {
          cache.misses++
          return loaded$(queue)
        }
        cache.hits++
        return of(known.offset)
      }),
    commit$: offsets =>
      defer(() => {
        const changed = offsets.filter(one => !isKept(one))
        return changed.length === 0 ? EMPTY : kept$(changed)
      }),
    forget: queue => {
      forgotten++
      kept.delete(queueKey(queue))
    },
    remembered: topic => [...kept.values()].filter(({ queue }) => topic === undefined || queue.topic === topic),
    metrics: () => ({
      commits: { ...commits, successRate: ratio(commits.ok, commits.failed) },
      commitMs: commits.ok === 0 ? 0 : commitMs / commits.ok,
      loads: { ...loads },
      cache: { ...cache, hitRate: ratio(cache.hits, cache.misses), size: kept.size },
    }),
  }
}
