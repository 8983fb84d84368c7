import Long from 'long'
import { asyncScheduler, defer, map, NEVER, of, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createOffsetKeeper } from '../../src/consumer/offsets/offset-keeper.ts'
import type { KeptOffset } from '../../src/consumer/offsets/offset-store.ts'
import { createQueueCommits } from '../../src/consumer/queues/queue-commits.ts'
import { timedOffsets } from '../../src/consumer/offsets/timed-offsets.ts'
import { aQueue } from '../../test/support/builders.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const LIMIT_MS = 10
const queues = [0, 1].map(queueId => aQueue('a', queueId))
const LATE = 'commit$ of the offset store took longer than 10 ms'
/** It may have been kept all the same. */
const WORDS = { k: 'k', X: 'ERR_RMQ_TIMEOUT maybe', L: 'ERR_RMQ_TIMEOUT no' }

/** The commits of two queues, which a store keeps as it is told, one call after the other. */
const drawStore = (keep$: (offsets: readonly KeptOffset[], call: number) => Observable<KeptOffset>) => {
  const calls: string[] = []
  const commit$ = (offsets: readonly KeptOffset[]) =>
    defer(() => {
      const what = offsets.map(({ queue, offset }) => `${queue.queueId}:${offset.toString()}`).join(' ')
      calls.push(`${what} at ${asyncScheduler.now()}`)
      return keep$(offsets, calls.length)
    })
  const store = { load$: () => NEVER, commit$ }
  const clock = { scheduler: asyncScheduler, asap: asyncScheduler }
  const keeper = createOffsetKeeper(timedOffsets(store, { timeoutMs: LIMIT_MS, scheduler: asyncScheduler }), clock)
  const failures: string[] = []
  const commits = queues.map(queue =>
    createQueueCommits({
      tell$: offset => keeper.commit$(queue, offset),
      onFailure: error => failures.push(`${(error as Error).message} at ${asyncScheduler.now()}`),
    }),
  )
  const kept$ = (queueId: number, offset: number) =>
    defer(() => commits[queueId]?.catchUp$(() => Long.fromNumber(offset)) ?? NEVER).pipe(
      map(() => 'k'),
      errorsAsValues(),
    )
  return { kept$, calls, failures, keeper }
}

describe('an offset store of the user', () => {
  it(
    'that never ends fails the commit when its time is over, and is given all of it again with the next one',
    marbles(m => {
      const { kept$, calls, failures, keeper } = drawStore((offsets, call) => (call === 1 ? NEVER : of(...offsets)))
      m.expect(kept$(0, 5)).toBeObservable('          ----------(X|)', WORDS)
      m.expect(kept$(1, 7)).toBeObservable('          ----------(X|)', WORDS)
      m.expect(kept$(0, 6), '15ms ^').toBeObservable('15ms (k|)', WORDS)
      m.expect(kept$(1, 7), '15ms ^').toBeObservable('15ms (k|)', WORDS)
      m.flush()
      expect(calls).toEqual(['0:5 1:7 at 0', '0:6 1:7 at 15'])
      expect(failures).toEqual([`${LATE} at 10`, `${LATE} at 10`])
      expect(keeper.metrics().commits).toMatchObject({ ok: 1, failed: 1 })
    }),
  )

  it(
    'does not hold up what was asked for meanwhile longer than that',
    marbles(m => {
      const { kept$, calls } = drawStore((offsets, call) => (call === 1 ? NEVER : of(...offsets)))
      m.expect(kept$(0, 5)).toBeObservable('     ----------(X|)', WORDS)
      m.expect(kept$(1, 7), '---^').toBeObservable('----------(k|)', WORDS)
      m.flush()
      expect(calls).toEqual(['0:5 at 0', '1:7 at 10'])
    }),
  )

  it(
    'has done what it said it has kept: only the rest is given again',
    marbles(m => {
      const half$ = (offsets: readonly KeptOffset[]) => m.cold<KeptOffset>('----k', { k: offsets[0] as KeptOffset })
      const { kept$, calls } = drawStore((offsets, call) => (call === 1 ? half$(offsets) : of(...offsets)))
      m.expect(kept$(0, 5)).toBeObservable('          14ms (k|)', WORDS)
      m.expect(kept$(1, 7)).toBeObservable('          14ms (X|)', WORDS)
      m.expect(kept$(1, 7), '20ms ^').toBeObservable('20ms (k|)', WORDS)
      m.flush()
      expect(calls).toEqual(['0:5 1:7 at 0', '1:7 at 20'])
    }),
  )

  it(
    'may take longer in all, as long as something comes of it',
    marbles(m => {
      const slowly$ = ([a, b]: readonly KeptOffset[]) =>
        m.cold<KeptOffset>('--------a--------b--------|', { a: a as KeptOffset, b: b as KeptOffset })
      const { kept$, failures } = drawStore(slowly$)
      m.expect(kept$(0, 5)).toBeObservable('26ms (k|)', WORDS)
      m.expect(kept$(1, 7)).toBeObservable('26ms (k|)', WORDS)
      m.flush()
      expect(failures).toEqual([])
    }),
  )

  it(
    'that never says where a queue stands fails the start of the queue when its time is over',
    marbles(m => {
      const { keeper } = drawStore(() => NEVER)
      m.expect(
        keeper.load$(aQueue()).pipe(
          map(offset => `${offset?.toString()}`),
          errorsAsValues(),
        ),
      ).toBeObservable('----------(L|)', WORDS)
    }),
  )

  it(
    'may leave open whether more comes, once it has said where a queue stands',
    marbles(m => {
      const store = { load$: () => m.cold<Long>('--o', { o: Long.fromNumber(4) }), commit$: () => NEVER }
      const timed = timedOffsets(store, { timeoutMs: LIMIT_MS, scheduler: asyncScheduler })
      m.expect(timed.load$(aQueue()).pipe(map(offset => `${offset?.toString()}`))).toBeObservable('--(o|)', { o: '4' })
    }),
  )
})
