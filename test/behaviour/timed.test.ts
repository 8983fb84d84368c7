import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { DeliveryTime, SendResult } from '../../src/index.ts'
import { decodeRecallHandle, encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

/** Brokers count in seconds and look once a second; a busy machine adds to that. */
const LATE_MS = 5_000

const aTopic = async () => {
  const texts = topic(unique('timed'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  return texts
}
const hasTimers = (): boolean => !cluster.version.startsWith('4.')
/** On brokers without timers what is said is the promise. */
const REFUSED = {
  code: 'ERR_RMQ_ILLEGAL',
  sent: 'no',
  retriable: false,
  advice: expect.stringMatching(/level/) as string,
}

describe('a message with a time of its own', () => {
  const TIMES: readonly (readonly [string, () => DeliveryTime, number])[] = [
    ['so many milliseconds after it was sent', () => ({ afterMs: 2_500 }), 2_500],
    ['at a date', () => ({ at: new Date(Date.now() + 2_000) }), 2_000],
    ['at a time in milliseconds', () => ({ at: Date.now() + 1_500 }), 1_500],
  ]
  it.concurrent.each(TIMES)(
    'is delivered %s, or refused by name where brokers are too old',
    async (_, deliver, waitMs) => {
      const texts = await aTopic()
      await using client = quietClient(cluster)
      const sending = () => client.producer(PATIENT).send(message(texts, 'later', { deliver: deliver() }))
      if (!hasTimers()) {
        const error = await failureOf(sending())
        expect(error).toMatchObject({ ...REFUSED, topic: texts.name, endpoint: cluster.brokers[0] })
        expect(error.message).toContain(`RocketMQ ${cluster.version}`)
        return
      }
      const consuming = consume(
        client.consumer({ group: unique('late'), subscribe: [on(texts)], startFrom: 'first' }),
        () => undefined,
      )
      const sentAt = Date.now()
      const { messageId, recallHandle } = await sending()
      expect(decodeRecallHandle(recallHandle!)).toMatchObject({ topic: texts.name, messageId })
      await processedCount(consuming, 1)
      consuming.unsubscribe()
      const [received] = consuming.processed.map(({ delivery }) => delivery.message)
      expect(received).toMatchObject({ body: 'later', messageId, topic: texts.name })
      const waited = received!.storedAt.getTime() - sentAt
      expect(waited).toBeGreaterThanOrEqual(waitMs)
      expect(waited).toBeLessThan(waitMs + LATE_MS)
    },
  )

  it('whose time has passed is delivered at once', async () => {
    const texts = await aTopic()
    await using client = quietClient(cluster)
    const sending = client.producer(PATIENT).send(message(texts, 'now', { deliver: { at: 1_000 } }))
    if (!hasTimers()) {
      expect(await failureOf(sending)).toMatchObject(REFUSED)
      return
    }
    const { recallHandle } = await sending
    expect(recallHandle).toBeUndefined()
    const consumer = client.consumer({ group: unique('late'), subscribe: [on(texts)], startFrom: 'first' })
    const consuming = consume(consumer, () => undefined)
    await processedCount(consuming, 1)
    consuming.unsubscribe()
  })

  it('that is more than three days away is refused: by the broker, or for the broker where it has no timers', async () => {
    const texts = await aTopic()
    await using client = quietClient(cluster)
    const far = message(texts, 'far', { deliver: { afterMs: 259_200_001 } })
    const error = await failureOf(client.producer(PATIENT).send(far))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', topic: texts.name })
    expect(error).toMatchObject(
      hasTimers() ? { responseCode: 13, remark: expect.stringContaining('259200000') as string } : REFUSED,
    )
  })

  it('may name a delay level instead, which every broker knows', async () => {
    const texts = await aTopic()
    await using client = quietClient(cluster)
    const consumer = client.consumer({ group: unique('late'), subscribe: [on(texts)], startFrom: 'first' })
    const consuming = consume(consumer, () => undefined)
    const sentAt = Date.now()
    await client.producer(PATIENT).send(message(texts, 'level', { deliver: { level: 1 } })) // one second
    await processedCount(consuming, 1)
    consuming.unsubscribe()
    const [received] = consuming.processed.map(({ delivery }) => delivery.message)
    expect(received!.storedAt.getTime() - sentAt).toBeGreaterThanOrEqual(900)
  })
})

describe('a message that waits for its time', () => {
  it('can be recalled, and then is not delivered: others are', async () => {
    const texts = await aTopic()
    await using client = quietClient(cluster)
    const producer = client.producer(PATIENT)
    const later = (body: string, afterMs: number): Promise<SendResult> =>
      producer.send(message(texts, body, { deliver: { afterMs } }))
    if (!hasTimers()) {
      const { queue } = await producer.send(message(texts, 'now'))
      const handle = { topic: texts.name, brokerName: queue.brokerName, timestamp: '1', messageId: 'M' }
      const error = await failureOf(producer.recall({ topic: texts, recallHandle: encodeRecallHandle(handle) }))
      expect(error).toMatchObject({
        code: 'ERR_RMQ_ILLEGAL',
        responseCode: 3,
        sent: 'no',
        endpoint: cluster.brokers[0],
      })
      expect(error.advice).toContain('5.3.2')
      return
    }
    const recalled = await later('recalled', 3_000)
    await later('kept', 4_000) // once it is there, the other one would be, too
    const { recallHandle = '' } = recalled
    expect(await producer.recall({ topic: texts, recallHandle })).toEqual({ messageId: recalled.messageId })
    expect(await producer.recall({ topic: texts.name, recallHandle })).toEqual({ messageId: recalled.messageId })
    const consumer = client.consumer({ group: unique('late'), subscribe: [on(texts)], startFrom: 'first' })
    const consuming = consume(consumer, () => undefined)
    await processedCount(consuming, 1)
    consuming.unsubscribe()
    expect(consuming.processed.map(({ delivery }) => delivery.message.body)).toEqual(['kept'])
  })

  it('cannot be recalled any more once its time has come', async () => {
    const texts = await aTopic()
    await using client = quietClient(cluster)
    const producer = client.producer(PATIENT)
    const { queue } = await producer.send(message(texts, 'now'))
    const handle = { topic: texts.name, brokerName: queue.brokerName, timestamp: '1000', messageId: 'M' }
    const error = await failureOf(producer.recall({ topic: texts, recallHandle: encodeRecallHandle(handle) }))
    expect(error).toMatchObject({ sent: 'no', topic: texts.name })
    expect([error.code, error.responseCode]).toEqual(hasTimers() ? ['ERR_RMQ_BROKER', 604] : ['ERR_RMQ_ILLEGAL', 3])
  })

  it.each([
    ['that is none', 'rubbish!'],
    ['of another topic', encodeRecallHandle({ topic: 'x', brokerName: 'b', timestamp: '1', messageId: 'M' })],
    ['of a message that never waited', undefined as unknown as string],
  ])('is not recalled by a handle %s: nothing is asked', async (_, recallHandle) => {
    await using client = quietClient({ nameServers: ['127.0.0.1:1'] })
    const error = await failureOf(client.producer().recall({ topic: 'orders', recallHandle }))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', topic: 'orders' })
  })
})
