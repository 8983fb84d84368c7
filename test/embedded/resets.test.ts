import { describe, expect, it } from 'vitest'
import { decodeConsumeStats, decodeGroupConnections, decodeResetOffsets } from '../../src/protocol/bodies/bodies.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import type { Asker } from './asker.ts'
import { aBroker, anAsker, eventually } from './cluster.ts'
import { heartbeat, pullFields, sendFields } from './requests.ts'

const PULL = 11
const QUERY_OFFSET = 14
const COMMIT = 15
const HEARTBEAT = 34
const SEND = 310
const CONNECTIONS = 203
const CONSUME_STATS = 208
const RESET_CLIENT = 220
const RESET = 222

const reset = (tool: Asker, more: Readonly<Record<string, string>> = {}): Promise<Frame> =>
  tool.ask(RESET, { topic: 'orders', group: 'g', timestamp: '0', isForce: 'true', ...more })
const commit = (tool: Asker, queueId: number, offset: number) =>
  tool.ask(COMMIT, {
    consumerGroup: 'g',
    topic: 'orders',
    queueId: String(queueId),
    commitOffset: String(offset),
  })
const committed = async (tool: Asker, queueId: number) =>
  (await tool.ask(QUERY_OFFSET, { consumerGroup: 'g', topic: 'orders', queueId: String(queueId) })).fields['offset']
const told = (answer: Frame) =>
  decodeResetOffsets(answer.body).map(({ queue, offset }) => `${queue.topic} ${queue.queueId} ${offset.toString()}`)

/** A topic of two queues with three messages each, and a group that has consumed them. */
const aConsumedTopic = async (options: { readonly serverSideReset?: boolean } = {}) => {
  const { cluster, broker } = await aBroker({ topics: { orders: 2 }, ...options })
  const member = await anAsker(cluster.brokers[0])
  await member.ask(HEARTBEAT, {}, heartbeat('c1', 'g', { orders: '*' }))
  for (const queueId of [0, 1]) {
    for (const body of ['a', 'b', 'c']) await broker.ask(SEND, sendFields('orders', queueId), body)
    await commit(broker, queueId, 3)
  }
  return { cluster, broker, member }
}

describe('a reset at the embedded broker', () => {
  it('moves the offsets, and sends the next pull of each queue to the new place, once', async () => {
    const { broker } = await aConsumedTopic()
    expect(told(await reset(broker))).toEqual(['orders 0 0', 'orders 1 0'])
    expect(await committed(broker, 1)).toBe('0')
    const pulled = await broker.ask(PULL, pullFields('orders', 0, { group: 'g', offset: 3, commit: 3 }))
    expect(pulled).toMatchObject({ code: 21, fields: { nextBeginOffset: '0', minOffset: '0', maxOffset: '3' } })
    expect(await committed(broker, 0)).toBe('0')
    expect((await broker.ask(PULL, pullFields('orders', 0, { group: 'g', offset: 0 }))).code).toBe(0)
  })

  it('is not undone by a commit before that pull, which is answered 0 all the same', async () => {
    const { broker } = await aConsumedTopic()
    await reset(broker)
    const { code, remark } = await commit(broker, 0, 3)
    expect([code, remark]).toEqual([0, expect.stringContaining('was reset')])
    expect(await committed(broker, 0)).toBe('0')
    await broker.ask(PULL, pullFields('orders', 0, { group: 'g', offset: 3 }))
    await commit(broker, 0, 2)
    expect(await committed(broker, 0)).toBe('2')
  })

  it('goes to the end for a time before all time, and to a named offset in a named queue', async () => {
    const { broker } = await aConsumedTopic()
    await commit(broker, 0, 1)
    expect(told(await reset(broker, { timestamp: '-1' }))).toEqual(['orders 0 3', 'orders 1 3'])
    expect(told(await reset(broker, { queueId: '1', offset: '2' }))).toEqual(['orders 1 2'])
    expect(told(await reset(broker, { queueId: '1', offset: '4' }))).toEqual(['orders 1 4'])
    expect(told(await reset(broker, { queueId: '1' }))).toEqual(['orders 1 0'])
  })

  it.each([
    ['an offset out of the queue', { queueId: '1', offset: '5' }, 1],
    ['an unknown topic', { topic: 'unknown' }, 17],
    ['an unknown group', { group: 'unknown' }, 26],
  ])('refuses %s', async (_, fields, code) => {
    const { broker } = await aConsumedTopic()
    expect((await reset(broker, fields)).code).toBe(code)
    expect(await committed(broker, 1)).toBe('3')
  })
})

describe('a reset at an embedded broker that leaves it to the members', () => {
  it('is told to every member one-way, and changes nothing by itself', async () => {
    const { broker, member } = await aConsumedTopic({ serverSideReset: false })
    expect(told(await reset(broker))).toEqual(['orders 0 0', 'orders 1 0'])
    await eventually(() => member.pushed.some(({ code }) => code === RESET_CLIENT), 'the member is told')
    const notice = member.pushed.find(({ code }) => code === RESET_CLIENT)!
    expect(notice).toMatchObject({ flag: 2, fields: { topic: 'orders', group: 'g', timestamp: '0' } })
    expect(told(notice)).toEqual(['orders 0 0', 'orders 1 0'])
    expect(await committed(broker, 0)).toBe('3')
  })

  it('sends nobody forward unless it is forced', async () => {
    const { broker } = await aConsumedTopic({ serverSideReset: false })
    await commit(broker, 0, 1)
    expect(told(await reset(broker, { timestamp: '-1', isForce: 'false' }))).toEqual(['orders 0 1', 'orders 1 3'])
    expect(told(await reset(broker, { timestamp: '-1' }))).toEqual(['orders 0 3', 'orders 1 3'])
  })

  it.each([
    ['an unknown topic', { topic: 'unknown' }],
    ['a group without progress', { group: 'unknown' }],
  ])('refuses %s', async (_, fields) => {
    const { broker } = await aConsumedTopic({ serverSideReset: false })
    expect((await reset(broker, fields)).code).toBe(1)
  })

  it('is answered with 206 when there is no member', async () => {
    const { broker, member } = await aConsumedTopic({ serverSideReset: false })
    member.close()
    await eventually(async () => (await reset(broker)).code === 206, 'nobody is left')
  })
})

describe('a group at the embedded broker', () => {
  it('is listed with its members and what they subscribe to', async () => {
    const { broker } = await aConsumedTopic()
    const group = decodeGroupConnections((await broker.ask(CONNECTIONS, { consumerGroup: 'g' })).body)
    expect(group).toMatchObject({ consumeType: 'CONSUME_PASSIVELY', messageModel: 'CLUSTERING' })
    expect(group.connections.map(({ clientId }) => clientId)).toEqual(['c1'])
    expect(group.connections[0]?.clientAddr).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(group.subscriptions.map(({ topic }) => topic)).toEqual(['orders'])
    expect((await broker.ask(CONNECTIONS, { consumerGroup: 'nobody' })).code).toBe(206)
  })

  it('tells its progress in all its topics, or in the named one', async () => {
    const { broker } = await aConsumedTopic()
    await commit(broker, 0, 1)
    const progress = async (fields: Readonly<Record<string, string>> = {}) =>
      decodeConsumeStats((await broker.ask(CONSUME_STATS, { consumerGroup: 'g', ...fields })).body).queues.map(
        ({ queue, brokerOffset, consumerOffset, lastTimestamp }) =>
          `${queue.topic} ${queue.queueId} ${consumerOffset.toString()} of ${brokerOffset.toString()} ${lastTimestamp > 0}`,
      )
    expect(await progress()).toEqual(['orders 0 1 of 3 true', 'orders 1 3 of 3 true'])
    expect(await progress({ topic: 'orders' })).toHaveLength(2)
    expect(await progress({ topic: '%RETRY%g' })).toEqual([]) // it is not subscribed to
    expect(await progress({ topicList: 'orders;unknown' })).toHaveLength(2)
  })
})
