import Long from 'long'
import { concat, from, lastValueFrom, of, Subject, throwError, toArray } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { memoryOffsets } from '../../src/consumer/offsets/memory-offsets.ts'
import { createOffsetCache } from '../../src/consumer/offsets/offset-cache.ts'
import type { KeptOffset, OffsetStore } from '../../src/consumer/offsets/offset-store.ts'
import { aQueue } from '../support/builders.ts'

const at = (offset: number, queueId = 0, topic = 't'): KeptOffset => ({
  queue: aQueue('a', queueId, topic),
  offset: Long.fromNumber(offset),
})
const { queue } = at(0)
const all = <T>(values$: Observable<T>): Promise<T[]> => lastValueFrom(values$.pipe(toArray()))

/** A cache before a store that writes down what it is told. */
const cached = (more: Partial<OffsetStore> = {}) => {
  const told: string[] = []
  let now = 0
  const store: OffsetStore = {
    load$: ({ queueId }) => (told.push(`load ${queueId}`), of(queueId === 9 ? undefined : Long.fromNumber(100))),
    commit$: offsets => {
      now += 4
      told.push(offsets.map(one => `${one.queue.queueId}=${one.offset.toString()}`).join(' '))
      return from(offsets)
    },
    ...more,
  }
  return { cache: createOffsetCache(store, () => (now += 1)), told }
}

describe('what is remembered of kept offsets', () => {
  it('is not asked for again until it is forgotten', async () => {
    const { cache, told } = cached()
    expect(await all(cache.load$(queue))).toEqual([Long.fromNumber(100)])
    expect(await all(cache.load$(queue))).toEqual([Long.fromNumber(100)])
    cache.forget(queue)
    await all(cache.load$(queue))
    expect(told).toEqual(['load 0', 'load 0'])
    expect(cache.metrics().cache).toEqual({ hits: 1, misses: 2, hitRate: 1 / 3, size: 1 })
  })

  it('is not that nothing was kept: it is asked for again', async () => {
    const { cache, told } = cached()
    expect(await all(cache.load$(aQueue('a', 9)))).toEqual([undefined])
    await all(cache.load$(aQueue('a', 9)))
    expect(told).toEqual(['load 9', 'load 9'])
  })

  it('is not kept again, but what changed, up or down', async () => {
    const { cache, told } = cached()
    expect(await all(cache.commit$([at(5), at(6, 1)]))).toEqual([at(5), at(6, 1)])
    expect(await all(cache.commit$([at(5), at(3, 1)]))).toEqual([at(3, 1)])
    expect(await all(cache.commit$([at(5), at(3, 1)]))).toEqual([])
    expect(told).toEqual(['0=5 1=6', '1=3'])
  })

  it('is what the store said was kept, so that the rest is given to it again', async () => {
    const failing = (offsets: readonly KeptOffset[]) =>
      concat(
        from(offsets.slice(0, 1)),
        throwError(() => new Error('no')),
      )
    const { cache } = cached({ commit$: failing })
    await expect(all(cache.commit$([at(5), at(6, 1)]))).rejects.toThrow('no')
    expect(cache.remembered()).toEqual([at(5)])
    expect(cache.metrics().commits).toEqual({ ok: 0, failed: 1, successRate: 0 })
    await expect(all(cache.commit$([at(5), at(6, 1)]))).rejects.toThrow('no')
    expect(cache.remembered()).toEqual([at(5), at(6, 1)])
  })

  it('is nothing that the store was not given', async () => {
    const { cache } = cached({ commit$: () => of(at(1, 7)) })
    expect(await all(cache.commit$([at(5)]))).toEqual([])
    expect(cache.remembered()).toEqual([])
  })

  it('is nothing of a queue that was given up while the store was busy with it', async () => {
    const answers = new Subject<Long>()
    const kept = new Subject<KeptOffset>()
    const { cache } = cached({ load$: () => answers, commit$: () => kept })
    const over = Promise.all([all(cache.load$(queue)), all(cache.commit$([at(5)]))])
    cache.forget(queue)
    answers.next(Long.ONE)
    answers.complete()
    kept.next(at(5))
    kept.complete()
    expect(await over).toEqual([[Long.ONE], [at(5)]])
    expect(cache.remembered()).toEqual([])
  })

  it('can be told of one topic or of all', async () => {
    const { cache } = cached()
    await all(cache.commit$([at(5), at(6, 1), at(7, 0, 'u')]))
    expect(cache.remembered('u')).toEqual([at(7, 0, 'u')])
    expect(cache.remembered()).toHaveLength(3)
  })
})

describe('the metrics of kept offsets', () => {
  it('are nothing at first', () => {
    expect(cached().cache.metrics()).toEqual({
      commits: { ok: 0, failed: 0, successRate: 1 },
      commitMs: 0,
      loads: { ok: 0, failed: 0 },
      cache: { hits: 0, misses: 0, hitRate: 1, size: 0 },
    })
  })

  it('count what went well and what failed, and how long it took', async () => {
    const { cache } = cached()
    await all(cache.load$(queue))
    await all(cache.commit$([at(5)]))
    await all(cache.commit$([at(5)])) // nothing to do for the store
    await all(cache.commit$([at(6)]))
    expect(cache.metrics()).toMatchObject({ commits: { ok: 2, failed: 0 }, commitMs: 5, loads: { ok: 1, failed: 0 } })
    const broken = cached({ load$: () => throwError(() => new Error('no')) }).cache
    await expect(all(broken.load$(queue))).rejects.toThrow('no')
    expect(broken.metrics().loads).toEqual({ ok: 0, failed: 1 })
  })
})

describe('offsets in memory', () => {
  const owner = (group: string) => ({ group, clientId: undefined, report: () => undefined })

  it('are kept for the next consumer of the group, not for other groups', async () => {
    const offsets = memoryOffsets()
    await all(offsets(owner('g')).commit$([at(5)]))
    expect(await all(offsets(owner('g')).load$(queue))).toEqual([Long.fromNumber(5)])
    expect(await all(offsets(owner('h')).load$(queue))).toEqual([undefined])
    expect(await all(memoryOffsets()(owner('g')).load$(queue))).toEqual([undefined])
  })
})
