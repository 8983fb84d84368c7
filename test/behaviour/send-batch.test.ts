import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import type { MessageOptions, SendResult } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { javaQueueOf } from '../support/java-hash.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

/** Two brokers, so that a batch can be stored in part. */
let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterEach(() => cluster.resumeBroker(1))
afterAll(() => cluster.stop())

const QUEUES = 2 // on each broker
const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: QUEUES })
  return texts
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const placeOf = ({ queue, queueOffset }: Pick<SendResult, 'queue' | 'queueOffset'>): string =>
  `${queue.brokerName}:${queue.queueId} ${queueOffset.toString()}`
/** A sharding key whose queue is on the broker of that index. */
const keyOn = (broker: 0 | 1): string =>
  ['a', 'b', 'c', 'd', 'e', 'f'].find(key => Math.floor(javaQueueOf(key, 2 * QUEUES) / QUEUES) === broker)!

it('a batch is stored in one queue, and each message has its own result, in order', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const batch = upTo(20).map(n =>
    message(texts, `text ${n}`, { tag: `t${n}`, keys: [`k${n}`], properties: { n: `${n}` } }),
  )
  const results = await client.producer(PATIENT).sendBatch(batch)
  expect(results).toHaveLength(20)
  expect(new Set(results.map(({ queue }) => `${queue.brokerName}:${queue.queueId}`)).size).toBe(1)
  const received = new Map((await readAll(client, texts, { atLeast: 20 })).map(one => [one.messageId, one]))
  expect(received.size).toBe(20)
  results.forEach((result, n) => {
    const one = received.get(result.messageId)
    expect(one).toMatchObject({
      body: `text ${n}`,
      tag: `t${n}`,
      keys: [`k${n}`],
      offsetMessageId: result.offsetMessageId,
      properties: { n: `${n}` },
    })
    expect(one === undefined ? '' : placeOf(one)).toBe(placeOf(result))
  })
})

it('a batch that is too large for one request becomes several, and nothing is lost or out of order', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const bySize = client.producer({ ...PATIENT, maxBatchBytes: 10_000 })
  const byCount = client.producer({ ...PATIENT, group: 'by-count', batchSplit: 'count', maxBatchCount: 7 })
  const batch = upTo(50).map(n => message(texts, `${n} ${'x'.repeat(1_000)}`, { shardKey: 'one' }))
  const sent = [...(await bySize.sendBatch(batch)), ...(await byCount.sendBatch(batch))]
  const offsets = sent.map(({ queueOffset }) => queueOffset.toNumber())
  expect(offsets).toEqual(upTo(100))
  const received = await readAll(client, texts, { atLeast: 100 })
  const bodies = received.toSorted((a, b) => a.queueOffset.compare(b.queueOffset)).map(({ body }) => parseInt(body))
  expect(bodies).toEqual([...upTo(50), ...upTo(50)])
})

it('a batch of more than the broker takes in one request is sent all the same', { timeout: 120_000 }, async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const body = 'x'.repeat(40)
  const results = await client
    .producer(PATIENT)
    .sendBatch(upTo(40_000).map(() => message(texts, body, { shardKey: 'k' })))
  expect(results.at(-1)?.queueOffset.toNumber()).toBe(39_999)
})

it('messages of several sharding keys go to the queues of their keys, in order', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const keys = ['a', 'b', 'c', 'd', 'e']
  const alone = new Map<string, string>()
  for (const key of keys) {
    const { queue } = await producer.send(message(texts, 'alone', { shardKey: key }))
    alone.set(key, `${queue.brokerName}:${queue.queueId}`)
  }
  const results = await producer.sendBatch(upTo(60).map(n => message(texts, `${n}`, { shardKey: keys[n % 5]! })))
  for (const key of keys) {
    const own = results.filter((_, n) => keys[n % 5] === key)
    expect(new Set(own.map(({ queue }) => `${queue.brokerName}:${queue.queueId}`))).toEqual(new Set([alone.get(key)]))
    const offsets = own.map(({ queueOffset }) => queueOffset.toNumber())
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
  }
})

it('a batch of one message is a plain send, with all that a plain send may have', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const large = 'large '.repeat(2_000)
  const [result] = await client.producer(PATIENT).sendBatch([message(texts, large, { delayLevel: 1 })])
  expect(result?.status).toBe('ok')
  const [one] = await readAll(client, texts, { atLeast: 1 })
  expect(one).toMatchObject({ body: large, messageId: result?.messageId })
})

it('when a part of a batch fails, the error tells what became of each message', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ ...PATIENT, retries: 0 })
  for (const broker of [0, 1] as const) await producer.send(message(texts, 'warm', { shardKey: keyOn(broker) }))
  await cluster.pauseBroker(1)
  const batch = upTo(6).map(n => message(texts, `${n}`, { shardKey: keyOn(n < 4 ? 0 : 1) }))
  const error = await failureOf(producer.sendBatch(batch, { timeoutMs: 3_000 }))
  expect(error).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', sent: 'maybe', retriable: true })
  expect(error.message).toMatch(/^2 of 6 messages of a batch failed: /)
  expect(error.partial.map(({ ok }) => ok)).toEqual([true, true, true, true, false, false])
  expect(error.partial.map(({ input }) => input)).toEqual(batch)
  const results = error.partial.flatMap(outcome => (outcome.ok ? [outcome.result as SendResult] : []))
  expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(4)
  expect(JSON.stringify(error)).not.toContain('"partial":')
  await cluster.resumeBroker(1)
  const bodies = (await readAll(client, texts, { atLeast: 6 })).map(({ body }) => body)
  expect(bodies).toEqual(expect.arrayContaining(['0', '1', '2', '3']))
})

it.each<[string, MessageOptions, string]>([
  ['a delayed message', { delayLevel: 3 }, 'DELAY'],
  ['messages that disagree on waiting for replicas', { waitForStore: false }, 'WAIT'],
])('%s cannot be part of a batch, and nothing of it is sent', async (_, options, says) => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const batch = [message(texts, 'plain'), message(texts, 'other', options)]
  const error = await failureOf(client.producer(PATIENT).sendBatch(batch))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', partial: [] })
  expect(error.message).toContain(says)
})

it('a batch has one topic, at least one message, and none that cannot be sent', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const other = topic('another', codecs.text)
  const two = await failureOf(producer.sendBatch([message(texts, 'x'), message(other, 'x')]))
  expect(two).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no' })
  expect(two.message).toContain(`"${texts.name}" and "another"`)
  expect((await failureOf(producer.sendBatch([]))).message).toContain('at least one message')
  const empty = message(texts, '')
  expect(await failureOf(producer.sendBatch([message(texts, 'x'), empty]))).toMatchObject({
    code: 'ERR_RMQ_ILLEGAL',
    input: empty,
  })
})
