import { describe, expect, it } from 'vitest'
import { decodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { decodeOffsetId, encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { writeProperties } from '../../src/protocol/messages/properties.ts'
import { aBroker, anAsker, eventually } from './cluster.ts'
import { messagesOf, pullFields, sendFields } from './requests.ts'

const SEND = 10
const SEND_V2 = 310

describe('sending to the embedded broker', () => {
  it('stores a message and tells where it is', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const answer = await broker.ask(SEND_V2, sendFields('orders', 1, { UNIQ_KEY: 'ABC', TAGS: 'TagA' }), 'hello')
    expect(answer).toMatchObject({ code: 0, flag: 1, version: 479 })
    expect(answer.fields).toEqual({
      msgId: expect.stringMatching(/^[0-9A-F]{32}$/) as string,
      queueId: '1',
      queueOffset: '0',
      transactionId: 'ABC',
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
    })
    const { host, physicalOffset } = decodeOffsetId(answer.fields['msgId']!)
    expect(`${host.address}:${host.port}`).toBe(cluster.brokers[0])
    expect(physicalOffset.toString()).toBe('0')
    const [stored] = cluster.peek('orders')
    expect(stored).toMatchObject({ topic: 'orders', queueId: 1, bornTimestamp: 1_700_000_000_000, reconsumeTimes: 0 })
    expect(stored?.storedBody.toString()).toBe('hello')
    expect(stored?.bornHost.address).toBe('127.0.0.1')
    expect({ ...stored?.properties }).toEqual({
      UNIQ_KEY: 'ABC',
      TAGS: 'TagA',
      MSG_REGION: 'DefaultRegion',
      TRACE_ON: 'true',
      CLUSTER: 'DefaultCluster',
    })
  })

  it('reads the long field names of the older request too', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(
      SEND,
      {
        producerGroup: 'p',
        topic: 'orders',
        defaultTopic: 'TBW102',
        defaultTopicQueueNums: '4',
        queueId: '0',
        sysFlag: '0',
        bornTimestamp: '5',
        flag: '9',
        properties: writeProperties({ KEYS: 'k' }),
      },
      'old',
    )
    expect(answer.code).toBe(0)
    expect(cluster.peek('orders')[0]).toMatchObject({ flag: 9, bornTimestamp: 5 })
  })

  it('counts queue offsets one by one and physical offsets by the size of the records', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 2 } })
    const answers = []
    for (const queueId of [0, 1, 0, 0]) answers.push(await broker.ask(SEND_V2, sendFields('orders', queueId), 'abcde'))
    expect(answers.map(answer => answer.fields['queueOffset'])).toEqual(['0', '0', '1', '2'])
    const stored = cluster.peek('orders').toSorted((a, b) => a.physicalOffset.compare(b.physicalOffset))
    for (const [index, message] of stored.slice(1).entries()) {
      const before = stored[index]!
      expect(message.physicalOffset.toString()).toBe(before.physicalOffset.add(before.storeSize).toString())
      expect(answers[index + 1]!.fields['msgId']).toBe(encodeOffsetId(message.storeHost, message.physicalOffset))
    }
  })

  it('creates an unknown topic with four readable and writable queues, and routes it at once', async () => {
    const { cluster, broker } = await aBroker()
    expect((await broker.ask(SEND_V2, sendFields('fresh', 3), 'x')).code).toBe(0)
    const nameServer = await anAsker(cluster.nameServers[0])
    const route = decodeTopicRoute((await nameServer.ask(105, { topic: 'fresh' })).body)
    expect(route.queueDatas[0]).toMatchObject({ perm: 6, readQueueNums: 4, writeQueueNums: 4 })
  })

  it('never gives a created topic more queues than the template has', async () => {
    const { cluster, broker } = await aBroker({ defaultTopicQueueNums: 2 })
    await broker.ask(SEND_V2, sendFields('fresh', 0), 'x')
    const nameServer = await anAsker(cluster.nameServers[0])
    const route = decodeTopicRoute((await nameServer.ask(105, { topic: 'fresh' })).body)
    expect(route.queueDatas[0]?.writeQueueNums).toBe(2)
  })

  it('chooses a queue itself when the sender names none', async () => {
    const { broker } = await aBroker({ topics: { orders: 4 } })
    const queues = new Set<string | undefined>()
    for (let i = 0; i < 60; i++)
      queues.add((await broker.ask(SEND_V2, sendFields('orders', -1), 'x')).fields['queueId'])
    expect([...queues].toSorted()).toEqual(['0', '1', '2', '3'])
  })

  it('gives a message an id when its sender did not', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(SEND_V2, sendFields('orders', 0), 'x')
    expect(answer.fields['transactionId']).toMatch(/^[0-9A-F]{32}$/)
    expect(cluster.peek('orders')[0]?.properties['UNIQ_KEY']).toBe(answer.fields['transactionId'])
  })

  it('keeps the receipt of a POP delivery out of the stored message', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(SEND_V2, sendFields('orders', 0, { KEYS: 'k', POP_CK: '0 1 2' }), 'x')
    expect(Object.keys(cluster.peek('orders')[0]!.properties)).not.toContain('POP_CK')
  })

  it('stores a one-way send and answers nothing', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    broker.tell(SEND_V2, sendFields('orders', 0), 'quiet')
    await eventually(() => cluster.peek('orders').length === 1, 'the one-way message is stored')
    expect((await broker.ask(SEND_V2, sendFields('orders', 0), 'loud')).fields['queueOffset']).toBe('1')
  })

  it('delivers exactly the bytes that it stored', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const body = Buffer.from([0, 1, 2, 255, 254])
    await broker.ask(SEND_V2, { ...sendFields('orders', 0), f: '1', h: '-7' }, body)
    const [message] = messagesOf(await broker.ask(11, pullFields('orders', 0)))
    expect(message).toMatchObject({ sysFlag: 1, flag: -7 })
    expect(message!.storedBody.equals(body)).toBe(true)
  })
})

describe('the embedded broker refuses a send', () => {
  const refusals: readonly [string, number, Record<string, string>, string, RegExp][] = [
    ['without a body', 13, sendFields('orders', 0), '', /no body/],
    ['to a name with a forbidden character', 29, sendFields('or ders', 0), 'x', /space/],
    ['to a blank name', 29, sendFields(' ', 0), 'x', /blank/],
    ['to a name of 128 characters', 29, sendFields('t'.repeat(128), 0), 'x', /127/],
    ['to a topic of the broker', 16, sendFields('SCHEDULE_TOPIC_XXXX', 0), 'x', /SCHEDULE_TOPIC_XXXX/],
    ['to a queue that the topic does not have', 29, sendFields('orders', 1), 'x', /queue 1/],
    ['to the retry topic of an unknown group', 26, sendFields('%RETRY%strangers', 0), 'x', /strangers/],
    ['with a body of more than 4 MiB', 13, sendFields('orders', 0), 'x'.repeat(4_194_305), /4194304/],
    ['with more than 32,767 bytes of properties', 13, sendFields('orders', 0, { a: 'x'.repeat(32_700) }), 'x', /32767/],
    ['with a delay level that is no number', 1, sendFields('orders', 0, { DELAY: 'soon' }), 'x', /soon/],
    ['for a time that is no number', 13, sendFields('orders', 0, { TIMER_DELIVER_MS: 'soon' }), 'x', /not a number/],
    ['for later than in 3 days', 13, sendFields('orders', 0, { TIMER_DELAY_MS: '259200001' }), 'x', /259200000 ms/],
    ['of a batch for a time', 13, sendFields('orders', 0, { TIMER_DELAY_SEC: '5' }, { m: 'true' }), 'x', /batch/],
    ['without its topic', 1, { a: 'p' }, 'x', /field b is missing/],
  ]
  it.each(refusals)('%s with code %i', async (_, code, fields, body, remark) => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const answer = await broker.ask(SEND_V2, fields, body)
    expect(answer.code).toBe(code)
    expect(answer.remark).toMatch(remark)
    expect(cluster.peek('orders')).toEqual([])
  })

  it('to an unknown topic when topics are not created by sending', async () => {
    const { broker } = await aBroker({ autoCreateTopics: false })
    const answer = await broker.ask(SEND_V2, sendFields('unknown', 0), 'x')
    expect(answer.code).toBe(17)
    expect(answer.fields).toEqual({ MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' })
  })

  it('to a topic that is read-only', async () => {
    const { broker } = await aBroker()
    await broker.ask(17, {
      topic: 'archive',
      defaultTopic: 'TBW102',
      readQueueNums: '1',
      writeQueueNums: '1',
      perm: '4',
      topicFilterType: 'SINGLE_TAG',
      order: 'false',
    })
    expect((await broker.ask(SEND_V2, sendFields('archive', 0), 'x')).code).toBe(16)
  })
})
