import { describe, expect, it } from 'vitest'
import { decodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { readLenientJson } from '../../src/protocol/lenient-json.ts'
import { decodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { aBroker, anAsker } from './cluster.ts'
import { bodiesOf, heartbeat, sendFields } from './requests.ts'

const CREATE_TOPIC = 17
const RUNTIME_INFO = 28
const VIEW_MESSAGE = 33
const CREATE_GROUP = 200
const TOPIC_STATS = 202
const TOPIC_CONFIG = 351

const topicFields = (topic: string, more: Readonly<Record<string, string>> = {}) => ({
  topic,
  defaultTopic: 'TBW102',
  readQueueNums: '3',
  writeQueueNums: '2',
  perm: '6',
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: '0',
  order: 'false',
  ...more,
})

describe('administration of the embedded broker', () => {
  it('creates a topic, and changes it without losing its messages', async () => {
    const { cluster, broker } = await aBroker()
    expect((await broker.ask(CREATE_TOPIC, topicFields('orders'))).code).toBe(0)
    await broker.ask(310, sendFields('orders', 1), 'kept')
    await broker.ask(CREATE_TOPIC, topicFields('orders', { readQueueNums: '1', writeQueueNums: '1', perm: '4' }))
    const nameServer = await anAsker(cluster.nameServers[0])
    const route = decodeTopicRoute((await nameServer.ask(105, { topic: 'orders' })).body)
    expect(route.queueDatas[0]).toMatchObject({ readQueueNums: 1, writeQueueNums: 1, perm: 4 })
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it.each([
    ['a forbidden character', topicFields('or ders')],
    ['the name of a system topic', topicFields('SCHEDULE_TOPIC_XXXX')],
    ['the name of the cluster', topicFields('DefaultCluster')],
    ['the name of the broker', topicFields('broker-a')],
    ['an unknown permission', topicFields('orders', { perm: '9' })],
    ['no queue', topicFields('orders', { readQueueNums: '0' })],
  ])('refuses to create a topic with %s', async (_, fields) => {
    const { broker } = await aBroker()
    const answer = await broker.ask(CREATE_TOPIC, fields)
    expect(answer.code).toBe(29)
    expect(answer.remark).not.toBe('')
  })

  it('tells what a topic is like', async () => {
    const { broker } = await aBroker()
    await broker.ask(CREATE_TOPIC, topicFields('orders', { perm: '4' }))
    const { body } = await broker.ask(TOPIC_CONFIG, { topic: 'orders' })
    expect(JSON.parse(body.toString())).toEqual({
      attributes: {},
      order: false,
      perm: 4,
      readQueueNums: 3,
      topicFilterType: 'SINGLE_TAG',
      topicName: 'orders',
      topicSysFlag: 0,
      writeQueueNums: 2,
    })
    expect((await broker.ask(TOPIC_CONFIG, { topic: 'unknown' })).code).toBe(17)
  })

  it('creates a group, whose settings count from then on', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(CREATE_GROUP, {}, JSON.stringify({ groupName: 'g', retryMaxTimes: 0 }))
    await broker.ask(34, {}, heartbeat('c', 'g', { orders: '*' }))
    await broker.ask(310, sendFields('orders', 0), 'x')
    await broker.ask(36, { group: 'g', offset: '0', delayLevel: '0' })
    expect(cluster.peek('%DLQ%g')).toHaveLength(1)
    expect((await broker.ask(CREATE_GROUP, {}, JSON.stringify({ groupName: 'a group' }))).code).toBe(29)
  })

  it('shows a message by the offset inside its id', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(310, sendFields('orders', 0), 'first')
    const sent = await broker.ask(310, sendFields('orders', 0), 'second')
    const { physicalOffset } = decodeOffsetId(sent.fields['msgId']!)
    expect(bodiesOf(await broker.ask(VIEW_MESSAGE, { offset: physicalOffset.toString() }))).toEqual(['second'])
    expect((await broker.ask(VIEW_MESSAGE, { offset: '5' })).code).toBe(1)
  })

  it('tells the offsets of all queues of a topic', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    await broker.ask(310, sendFields('orders', 1), 'x')
    const lastUpdateTimestamp = cluster.peek('orders')[0]!.storeTimestamp
    const answer = await broker.ask(TOPIC_STATS, { topic: 'orders' })
    expect(readLenientJson(answer.body.toString())).toEqual({
      topicPutTps: 0,
      offsetTable: {
        entries: [
          [
            { brokerName: 'broker-a', queueId: 0, topic: 'orders' },
            { lastUpdateTimestamp: 0, maxOffset: 0, minOffset: 0 },
          ],
          [
            { brokerName: 'broker-a', queueId: 1, topic: 'orders' },
            { lastUpdateTimestamp, maxOffset: 1, minOffset: 0 },
          ],
        ],
      },
    })
    expect((await broker.ask(TOPIC_STATS, { topic: 'nowhere' })).code).toBe(17)
  })

  it('tells how much it keeps', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(310, sendFields('orders', 0), 'x')
    const { table } = JSON.parse((await broker.ask(RUNTIME_INFO)).body.toString()) as { table: Record<string, string> }
    expect(table).toMatchObject({
      brokerVersionDesc: 'V5_3_3',
      msgPutTotalTodayNow: '1',
      storeBytes: String(cluster.peek('orders')[0]!.storeSize),
    })
  })

  it('is open to the program that started the cluster, with the same rules', async () => {
    const { cluster } = await aBroker()
    cluster.createTopic('orders')
    expect(() => cluster.createTopic('or ders')).toThrow(/space/)
    expect(() => cluster.createTopic('TBW102')).toThrow(/belongs to the broker/)
    expect(() => cluster.createTopic('orders', { queues: 0 })).toThrow(/queues/)
    expect(() => cluster.createGroup('a group')).toThrow(/space/)
    expect(() => cluster.createGroup('g', { retryMaxTimes: -1 })).toThrow(/retryMaxTimes/)
  })
})
