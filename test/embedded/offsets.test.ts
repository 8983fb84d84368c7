import { describe, expect, it } from 'vitest'
import type { Asker } from './asker.ts'
import { aBroker } from './cluster.ts'
import { heartbeat, sendFields } from './requests.ts'

const SEND = 310
const QUERY = 14
const COMMIT = 15
const SEARCH = 29
const MAX = 30
const MIN = 31
const EARLIEST = 32
const HEARTBEAT = 34

const queue = { topic: 'orders', queueId: '0' }
const groupQueue = { ...queue, consumerGroup: 'g' }

const fill = async (broker: Asker, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await broker.ask(SEND, sendFields('orders', 0), 'x'.repeat(200))
}

describe('offsets at the embedded broker', () => {
  it('gives a committed offset back, however large, and accepts a lower one later', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(HEARTBEAT, {}, heartbeat('c', 'g', { orders: '*' }))
    for (const offset of ['9223372036854775807', '3', '-1']) {
      expect((await broker.ask(COMMIT, { ...groupQueue, commitOffset: offset })).code).toBe(0)
      expect((await broker.ask(QUERY, groupQueue)).fields['offset']).toBe(offset)
      expect(cluster.offsets('g', 'orders').get(0)).toBe(offset)
    }
  })

  it('starts a new group at 0 while the queue still begins there', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    expect((await broker.ask(QUERY, groupQueue)).code).toBe(22)
    await fill(broker, 2)
    expect(await broker.ask(QUERY, groupQueue)).toMatchObject({ code: 0, fields: { offset: '0' } })
    expect((await broker.ask(QUERY, { ...groupQueue, setZeroIfNotFound: 'false' })).code).toBe(22)
    expect((await broker.ask(QUERY, { ...groupQueue, setZeroIfNotFound: 'true' })).code).toBe(0)
  })

  it('leaves the start to the client when the head of the queue is gone', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 }, maxStoreBytes: 900 })
    await fill(broker, 5)
    expect((await broker.ask(QUERY, groupQueue)).code).toBe(22)
  })

  it.each([
    ['of an unknown group', 26, { ...groupQueue, consumerGroup: 'strangers', commitOffset: '1' }],
    ['for an unknown topic', 17, { ...groupQueue, topic: 'nowhere', commitOffset: '1' }],
    ['without a queue', 29, { consumerGroup: 'g', topic: 'orders', commitOffset: '1' }],
    ['without an offset', 29, groupQueue],
  ])('refuses a commit %s with code %i', async (_, code, fields) => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.createGroup('g')
    expect((await broker.ask(COMMIT, fields)).code).toBe(code)
    expect(cluster.offsets('g', 'orders').size).toBe(0)
  })

  it('tells where a queue begins and ends, and since when', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 }, maxStoreBytes: 900 })
    await fill(broker, 5)
    const first = cluster.peek('orders')[0]!
    expect((await broker.ask(MAX, queue)).fields['offset']).toBe('5')
    expect((await broker.ask(MIN, queue)).fields['offset']).toBe(first.queueOffset.toString())
    expect((await broker.ask(EARLIEST, queue)).fields['timestamp']).toBe(String(first.storeTimestamp))
    const empty = { topic: 'orders', queueId: '1' }
    expect((await broker.ask(MAX, empty)).fields['offset']).toBe('0')
    expect((await broker.ask(EARLIEST, empty)).fields['timestamp']).toBe('-1')
    const unknown = { topic: 'nowhere', queueId: '7' }
    expect((await broker.ask(MAX, unknown)).fields['offset']).toBe('0')
    expect((await broker.ask(MIN, unknown)).fields['offset']).toBe('0')
    expect((await broker.ask(SEARCH, { ...unknown, timestamp: '5' })).fields['offset']).toBe('0')
  })
})
