import { describe, expect, it } from 'vitest'
import { encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import type { Asker } from './asker.ts'
import { aBroker, eventually } from './cluster.ts'
import { bodiesOf, heartbeat, pullFields, sendFields } from './requests.ts'

const SEND = 310
const SEND_BACK = 36
const QUICK = Array.from({ length: 18 }, () => '20ms').join(' ')

const sendBack = (broker: Asker, message: StoredMessage, more: Readonly<Record<string, string>> = {}) =>
  broker.ask(SEND_BACK, {
    group: 'g',
    offset: message.physicalOffset.toString(),
    delayLevel: '0',
    originTopic: message.topic,
    maxReconsumeTimes: '16',
    ...more,
  })

const aFailedMessage = async (options: Parameters<typeof aBroker>[0] = {}) => {
  const { cluster, broker } = await aBroker({ topics: { orders: 1 }, delayLevels: QUICK, ...options })
  await broker.ask(34, {}, heartbeat('c', 'g', { orders: '*', '%RETRY%g': '*' }))
  await broker.ask(SEND, sendFields('orders', 0, { KEYS: 'k', UNIQ_KEY: 'U' }, { h: '5' }), 'work')
  return { cluster, broker, message: cluster.peek('orders')[0]! }
}

describe('a message that its consumer sends back', () => {
  it('comes back on the retry topic after its delay, counted once more', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    const pull = broker.ask(11, { ...pullFields('%RETRY%g', 0, { group: 'g', holdMs: 3_000 }), sysFlag: '2' })
    expect(await sendBack(broker, message)).toMatchObject({ code: 0, fields: {} })
    expect(cluster.peek('%RETRY%g')).toEqual([])
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')[0]).toMatchObject({ queueId: 2 })
    expect(bodiesOf(await pull)).toEqual(['work'])
    const [retried] = cluster.peek('%RETRY%g')
    expect(retried).toMatchObject({ reconsumeTimes: 1, flag: 5, bornTimestamp: message.bornTimestamp })
    expect(retried?.properties).toMatchObject({
      KEYS: 'k',
      UNIQ_KEY: 'U',
      RETRY_TOPIC: 'orders',
      ORIGIN_MESSAGE_ID: encodeOffsetId(message.storeHost, message.physicalOffset),
      WAIT: 'false',
      DELAY: '3',
      REAL_TOPIC: '%RETRY%g',
      REAL_QID: '0',
    })
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('keeps naming its first topic and id when it fails again, a level later', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    await sendBack(broker, message)
    await eventually(() => cluster.peek('%RETRY%g').length === 1, 'the first retry')
    await sendBack(broker, cluster.peek('%RETRY%g')[0]!)
    await eventually(() => cluster.peek('%RETRY%g').length === 2, 'the second retry')
    expect(cluster.peek('%RETRY%g')[1]).toMatchObject({ reconsumeTimes: 2 })
    expect(cluster.peek('%RETRY%g')[1]?.properties).toMatchObject({
      DELAY: '4',
      RETRY_TOPIC: 'orders',
      ORIGIN_MESSAGE_ID: encodeOffsetId(message.storeHost, message.physicalOffset),
    })
  })

  it('takes the level that the consumer asks for, at most the last', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    await sendBack(broker, message, { delayLevel: '7' })
    await sendBack(broker, message, { delayLevel: '99' })
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX').map(stored => stored.queueId)).toEqual([6, 17])
  })

  it('becomes a dead letter once it was retried as often as the consumer allows', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    expect((await sendBack(broker, message, { maxReconsumeTimes: '0' })).code).toBe(0)
    const [dead] = cluster.peek('%DLQ%g')
    expect(dead).toMatchObject({ queueId: 0, reconsumeTimes: 1 })
    expect(dead?.properties).toMatchObject({ RETRY_TOPIC: 'orders', DELAY: '0' })
    expect(dead?.storedBody.toString()).toBe('work')
  })

  it('becomes a dead letter after the retries of its group when the consumer says nothing', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    cluster.createGroup('g', { retryMaxTimes: 1 })
    const fields = { group: 'g', delayLevel: '0' }
    await broker.ask(SEND_BACK, { ...fields, offset: message.physicalOffset.toString() })
    await eventually(() => cluster.peek('%RETRY%g').length === 1, 'the only retry')
    const retried = cluster.peek('%RETRY%g')[0]!
    await broker.ask(SEND_BACK, { ...fields, offset: retried.physicalOffset.toString() })
    expect(cluster.peek('%DLQ%g')[0]).toMatchObject({ reconsumeTimes: 2 })
    expect(cluster.peek('%RETRY%g')).toHaveLength(1)
  })

  it('becomes a dead letter at once when the consumer asks for it', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    await sendBack(broker, message, { delayLevel: '-1' })
    expect(cluster.peek('%DLQ%g')).toHaveLength(1)
  })

  it('is refused when its group is unknown', async () => {
    const { broker, message } = await aFailedMessage()
    expect((await sendBack(broker, message, { group: 'strangers' })).code).toBe(26)
  })

  it('is refused when no message begins at the offset', async () => {
    const { broker, message } = await aFailedMessage()
    const answer = await sendBack(broker, message, { offset: '7' })
    expect(answer.code).toBe(1)
    expect(answer.remark).toContain('offset 7')
  })

  it('is passed over when its group has no retry queue', async () => {
    const { cluster, broker, message } = await aFailedMessage()
    await broker.ask(200, {}, JSON.stringify({ groupName: 'g', retryQueueNums: 0 }))
    expect((await sendBack(broker, message)).code).toBe(0)
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')).toEqual([])
  })
})

describe('a message that a consumer sends to the retry topic itself', () => {
  const resend = (broker: Asker, reconsumeTimes: number, maximum: number | undefined) =>
    broker.ask(
      SEND,
      sendFields(
        '%RETRY%g',
        0,
        { DELAY: '1', RETRY_TOPIC: 'orders' },
        { j: String(reconsumeTimes), ...(maximum === undefined ? {} : { l: String(maximum) }) },
      ),
      'again',
    )

  it('is delayed into the retry topic while its retries are not exceeded', async () => {
    const { cluster, broker } = await aFailedMessage()
    expect((await resend(broker, 3, 3)).code).toBe(0)
    await eventually(() => cluster.peek('%RETRY%g').length === 1, 'the message is delivered')
    expect(cluster.peek('%RETRY%g')[0]).toMatchObject({ reconsumeTimes: 3 })
  })

  it('becomes a dead letter when its retries are exceeded', async () => {
    const { cluster, broker } = await aFailedMessage()
    expect((await resend(broker, 4, 3)).code).toBe(0)
    expect(cluster.peek('%DLQ%g')[0]?.properties).toMatchObject({ DELAY: '-1', RETRY_TOPIC: 'orders' })
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')).toEqual([])
  })

  it('is judged by its group when it brings no maximum', async () => {
    const { cluster, broker } = await aFailedMessage()
    await resend(broker, 16, undefined)
    expect(cluster.peek('%DLQ%g')).toHaveLength(0)
    await resend(broker, 17, undefined)
    expect(cluster.peek('%DLQ%g')).toHaveLength(1)
  })
})
