import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rank } from '../../src/client/broker-health.ts'
import type { Select } from '../../src/producer/selection.ts'
import { aQueue, nameOf, queuesNamed } from '../support/builders.ts'
import { drawnQueue, drawRoute, QUEUES } from '../support/draw-route.ts'

const ranksOf =
  (ranks: Readonly<Record<string, Rank>>) =>
  (brokerName: string): Rank =>
    ranks[brokerName] ?? 0

describe('the queue of a message', () => {
  it.each([
    [0, 'a0'],
    [1, 'a1'],
    [3, 'b1'],
    [4, 'a0'],
    [1_000_001, 'a1'],
    [-1, 'b1'],
    [-4, 'a0'],
  ])('at place %i of the rotation is %s', (cursor, queue) => {
    expect(drawnQueue({ cursor })).toBe(queue)
  })

  it.each([
    ['the next one of another broker', 0, ['a'], 'b0'],
    ['the next one itself, if its broker is well', 2, ['a'], 'b0'],
    ['the first one, around the end', 3, ['b'], 'a0'],
    ['one of the broker that did not fail it last, when all have', 1, ['a', 'b'], 'a1'],
    ['that of the other one, when the last was the first of them', 1, ['b', 'a'], 'b0'],
    ['the next one when a stranger failed', 1, ['c'], 'a1'],
  ])('is %s', (_, cursor, tried, queue) => {
    expect(drawnQueue({ cursor, tried })).toBe(queue)
  })

  it.each<[string, Readonly<Record<string, Rank>>, readonly string[], string]>([
    ['of the broker that is well', { a: 1 }, [], 'b0'],
    ['of the less ill one', { a: 2, b: 1 }, [], 'b0'],
    ['of an ill one rather than a suspended one', { a: 3, b: 2 }, [], 'b0'],
    ['of a suspended one, when there is no other', { a: 3, b: 3 }, [], 'a0'],
    ['of a doubtful one, when the well one has just failed it', { b: 1 }, ['a'], 'b0'],
    ['of the next one, when the well one failed it and the other is ill', { b: 2 }, ['a'], 'a0'],
    ['of the one that failed it, rather than a suspended one', { b: 3 }, ['a'], 'a0'],
  ])('is one %s', (_, ranks, tried, queue) => {
    expect(drawnQueue({ ranks: ranksOf(ranks), tried })).toBe(queue)
  })

  it('that is passed over gives its turn to all others alike', () => {
    let cursor = 0
    const turns = Array.from({ length: 4 }, () => {
      const routed = drawRoute({ cursor, tried: ['a'] })
      cursor = routed.cursor
      return routed.ok ? nameOf(routed.queue) : ''
    })
    expect(turns).toEqual(['b0', 'b1', 'b0', 'b1'])
  })

  it('cannot be found where none may be written', () => {
    expect(drawRoute({ queues: [] })).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_ROUTE_NOT_FOUND' } })
  })

  it('is told with broker, address, strategy, and what the rotation is now', () => {
    const address = { brokerName: 'a', address: 'a:1', strategy: 'round-robin', fixed: false, cursor: 2 }
    expect(drawRoute({ cursor: 1 })).toEqual({ ok: true, queue: QUEUES[1], ...address })
  })

  it('is known, but cannot be asked, when its broker has no master', () => {
    const routed = drawRoute({
      board: { masterOf: () => undefined, route: { queueDatas: [], brokerDatas: [], isStatic: false } },
    })
    expect(routed).toMatchObject({ ok: false, queue: QUEUES[0], error: { code: 'ERR_RMQ_CONNECT', sent: 'no' } })
  })
})

describe('keys', () => {
  it.each([
    // String.hashCode() % 4, without its sign, as SelectMessageQueueByHash
    ['order', 2],
    ['a', 1],
    ['b', 2],
    ['polygenelubricants', 0],
  ])('lead to the queue of their Java hash: "%s" to number %i', (shardKey, index) => {
    expect(drawnQueue({ shardKey })).toBe(nameOf(QUEUES[index]!))
    expect(drawnQueue({ select: 'message-hash', keys: [shardKey, 'other'] })).toBe(nameOf(QUEUES[index]!))
  })

  it.each([
    // FNV-1a, 32 bits: published test values 0xe40c292c of "a", 0xbf9cf968 of "foobar"
    ['a', 0xe40c292c % 7],
    ['foobar', 0xbf9cf968 % 7],
    ['', 0],
  ])('lead to that of their FNV-1a hash, if told to: "%s" to number %i', (shardKey, index) => {
    const queues = queuesNamed('a0 a1 a2 a3 a4 a5 a6')
    expect(drawnQueue({ queues, shardKey, hash: 'fnv1a' })).toBe(`a${index}`)
  })

  it('count in this order: sharding key, first key, chance', () => {
    const select = 'message-hash'
    expect(drawnQueue({ select, shardKey: 'a', keys: ['b'] })).toBe('a1')
    expect(drawnQueue({ select, keys: ['b', 'a'] })).toBe('b0')
    expect(drawnQueue({ select, random: () => 0.9 })).toBe('b1')
    expect(drawnQueue({ select, shardKey: '', keys: [''], random: () => 0.9 })).toBe('b1')
  })

  it('lead to one queue, whatever failed, whoever is ill, and wherever the rotation stands', () => {
    const selects = fc.constantFrom<Select>('round-robin', 'random', 'message-hash', 'least-latency', 'weighted')
    const rank = fc.constantFrom<Rank>(0, 1, 2, 3)
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer(), selects, rank, rank, (shardKey, cursor, select, a, b) => {
        const routed = drawRoute({ shardKey, cursor, select, ranks: ranksOf({ a, b }), tried: ['a'] })
        expect(routed).toMatchObject({
          ok: true,
          queue: { queueId: expect.any(Number) as number },
          fixed: true,
          cursor,
        })
        expect(routed.queue).toEqual(drawRoute({ shardKey }).queue)
      }),
    )
  })
})

describe('a strategy', () => {
  const SELECTS = ['round-robin', 'random', 'message-hash', 'least-latency', 'weighted'] as const
  it.each(SELECTS)('%s never chooses a broker that failed the message, or is ill, while another is well', select => {
    const names = fc.constantFrom('a', 'b', 'c')
    const queues = fc.uniqueArray(fc.tuple(names, fc.nat(4)), { minLength: 1, selector: String })
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        queues,
        fc.integer(),
        fc.subarray(['a', 'b', 'c']),
        chance,
        names,
        (pairs, cursor, tried, dice, ill) => {
          const all = pairs.map(([broker, id]) => aQueue(broker, id))
          const given = { queues: all, cursor, tried, random: () => dice, select, ranks: ranksOf({ [ill]: 2 }) }
          const routed = drawRoute(given)
          expect(all).toContain(routed.queue)
          const isGood = (brokerName: string): boolean => !tried.includes(brokerName) && brokerName !== ill
          if (all.some(({ brokerName }) => isGood(brokerName))) expect(isGood(routed.queue!.brokerName)).toBe(true)
        },
      ),
    )
  })

  it('random finds every queue, by equal chances', () => {
    const drawn = [0, 0.25, 0.5, 0.75, 1].map(dice => drawnQueue({ select: 'random', random: () => dice }))
    expect(drawn).toEqual(['a0', 'a1', 'b0', 'b1', 'b1'])
  })

  const measured = (averageLatencyMs: number, lastSuccessAt = 0) => ({ averageLatencyMs, lastSuccessAt })
  it.each([
    ['of the quicker broker', { a: measured(9), b: measured(3) }, 0, 'b0'],
    ['of both in turn, when they are alike', { a: measured(3), b: measured(3) }, 0, 'a0'],
    ['of one that was never measured', { a: measured(3) }, 0, 'b0'],
    ['of one that was slow long ago', { a: measured(3, 120_000), b: measured(9) }, 120_000, 'b0'],
  ])('least-latency finds the queue %s', (_, known, at, queue) => {
    expect(drawnQueue({ select: 'least-latency', known, at })).toBe(queue)
  })

  it.each([
    ['as often as any other while it is healthy', {}, 0.49, 'a1'],
    ['half as often while it is degraded', { state: 'degraded', successRate: 0.9 } as const, 0.4, 'b0'],
    ['seldom while it is doubtful', { state: 'degraded', rank: 1, successRate: 0.5 } as const, 0.17, 'b0'],
    ['sometimes, all the same', { state: 'degraded', rank: 1, successRate: 0.5 } as const, 0.16, 'a1'],
  ])('weighted chooses a broker %s', (_, a, dice, queue) => {
    expect(drawnQueue({ select: 'weighted', known: { a }, random: () => dice })).toBe(queue)
  })
})

describe('a queue that is asked for', () => {
  it('is taken, whoever is ill, and whatever the sharding key says', () => {
    const select = { topic: 't', brokerName: 'b', queueId: 1 }
    const routed = drawRoute({ select, shardKey: 'a', ranks: ranksOf({ b: 3 }), tried: ['b'] })
    expect(routed).toMatchObject({ ok: true, queue: QUEUES[3], strategy: 'queue', fixed: true })
  })

  it('fails by name when there is none', () => {
    const routed = drawRoute({ select: { topic: 't', brokerName: 'b', queueId: 2 } })
    expect(routed).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_ILLEGAL', sent: 'no' } })
    expect(!routed.ok && routed.error.message).toContain('t@b:2')
  })
})

describe('a selector of your own', () => {
  it('sees topic, queues, message, size, health, route and what was tried, and decides', () => {
    const routed = drawRoute({
      select: context => {
        expect(context).toMatchObject({ topic: 't', queues: QUEUES, preferred: QUEUES.slice(2), bodyBytes: 4 })
        expect([context.message?.keys, [...context.tried]]).toEqual([['k'], ['a']])
        expect(context.health.get('b')?.state).toBe('healthy')
        expect(context.route.brokerDatas.map(({ cluster }) => cluster)).toEqual(['c', 'c'])
        return context.queues[1]
      },
      keys: ['k'],
      tried: ['a'],
    })
    expect(routed).toMatchObject({ ok: true, queue: QUEUES[1], strategy: 'custom', fixed: false })
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 0],
    ['a promise', Promise.resolve(QUEUES[0])],
    ['a stranger', { topic: 't', brokerName: 'z', queueId: 0 }],
    ['half a queue', { brokerName: 'a' }],
  ])('that gives %s fails this one send', (_, queue) => {
    expect(drawnQueue({ select: () => queue as never })).toBe('ERR_RMQ_ILLEGAL')
  })

  it('that throws fails this one send, with what it threw as the cause', () => {
    const cause = new Error('no taste')
    const routed = drawRoute({
      select: () => {
        throw cause
      },
    })
    expect(routed).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_ILLEGAL', cause, topic: 't' } })
  })
})
