import { catchError, concat, defer, EMPTY, ignoreElements, last, map, of, scan, startWith } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type Long from 'long'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { batchBy } from '../../operators/batch-by.ts'
import { boundedMap } from '../../operators/bounded-map.ts'
import { createOffsetCache } from './offset-cache.ts'
import type { OffsetMetrics } from './offset-cache.ts'
import type { KeptOffset, OffsetStore } from './offset-store.ts'

/** Commits to brokers at once; those of one broker follow each other. */
const COMMITS_AT_ONCE = 16
/** Queues whose offsets are kept by one call. */
const TOGETHER = 65_536

/** What keeping the offsets of a member takes, queue by queue. */
export interface OffsetKeeper {
  /** What the store says now. */
  load$(queue: QueueRef): Observable<Long | undefined>
  /** Keeps one. One value, or an error. What is to be kept in one turn is one call of the store. */
  commit$(queue: QueueRef, offset: Long): Observable<void>
  metrics(): OffsetMetrics
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: unknown }
const OK: Outcome = { ok: true }

export const createOffsetKeeper = (
  store: OffsetStore,
  { scheduler, asap }: { readonly scheduler: SchedulerLike; readonly asap: SchedulerLike },
): OffsetKeeper => {
  const cache = createOffsetCache(store, () => scheduler.now())

  /** What became of each; an error of the store is one of all that it did not emit. */
  const kept$ = (offsets: readonly KeptOffset[]): Observable<readonly Outcome[]> => {
    const kept = new Set<string>()
    const outcomes = (missing: Outcome): readonly Outcome[] =>
      offsets.map(({ queue }) => (kept.has(queueKey(queue)) ? OK : missing))
    return cache.commit$(offsets).pipe(
      scan((all, { queue }) => all.add(queueKey(queue)), kept),
      startWith(kept),
      last(),
      map(() => outcomes(OK)),
      catchError((error: unknown) => of(outcomes({ ok: false, error }))),
    )
  }
  const keeping = batchBy<KeptOffset, Outcome>(kept$, {
    bytesOf: () => 0,
    laneOf: () => 'store',
    keyOf: () => 'store', // one call after the other: a later one counts
    maxBytes: Infinity,
    maxCount: TOGETHER,
    lingerMs: 0,
    concurrency: 1,
    scheduler,
    asap,
  })

  return {
    load$: queue =>
      defer(() => {
        cache.forget(queue) // somebody else may have gone on meanwhile
        return cache.load$(queue)
      }),
    commit$: (queue, offset) =>
      keeping.join$({ queue, offset }).pipe(
        map(outcome => {
          if (!outcome.ok) throw outcome.error
        }),
      ),
    metrics: () => cache.metrics(),
  }
}

/** Offsets at the brokers, which clustering shares among members. */
export const brokerOffsets = (
  load$: (queue: QueueRef) => Observable<Long | undefined>,
  update$: (queue: QueueRef, offset: Long) => Observable<void>,
): OffsetStore => ({
  load$,
  commit$: offsets =>
    defer(() => {
      let failure: { readonly error: unknown } | undefined
      const one$ = (kept: KeptOffset): Observable<KeptOffset> =>
        update$(kept.queue, kept.offset).pipe(
          map(() => kept),
          catchError((error: unknown) => {
            failure ??= { error }
            return EMPTY
          }),
        )
      return concat(
        defer(() => offsets).pipe(
          boundedMap(one$, {
            concurrency: COMMITS_AT_ONCE,
            keyBy: ({ queue }) => queue.brokerName, // one after the other: a broker may lose the first commits of a group that come at once
          }),
        ),
        defer(() => {
          if (failure !== undefined) throw failure.error
          return EMPTY
        }).pipe(ignoreElements()),
      )
    }),
})
