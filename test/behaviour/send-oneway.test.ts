import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { pressureOf } from '../support/pressure.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll, settledCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterEach(() => cluster.resumeBroker())
afterAll(() => cluster.stop())

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 2 })
  return texts
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

it('a one-way send is stored, and its receipt tells the id and the queue under which', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const before = new Date()
  const receipt = await producer.oneway(message(texts, 'hello', { tag: 't', keys: ['k'] }))
  expect(receipt.acceptedAt.getTime()).toBeGreaterThanOrEqual(before.getTime())
  const [received] = await readAll(client, texts, { atLeast: 1 })
  expect(received).toMatchObject({ body: 'hello', tag: 't', keys: ['k'], ...{ messageId: receipt.messageId } })
  expect(received?.queue).toEqual(receipt.queue)
  expect(await pressureOf(producer)).toMatchObject({ inFlight: 0, queued: 0 })
})

it('a one-way batch has a receipt for each message, and its request is stored as a whole, in order', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const receipts = await producer.onewayBatch(upTo(100).map(n => message(texts, `${n}`, { shardKey: 'k' })))
  expect(receipts).toHaveLength(100)
  const received = await readAll(client, texts, { atLeast: 100 })
  const inOrder = received.toSorted((a, b) => a.queueOffset.compare(b.queueOffset))
  expect(inOrder.map(({ body }) => body)).toEqual(upTo(100).map(String))
  expect(inOrder.map(({ messageId }) => messageId)).toEqual(receipts.map(({ messageId }) => messageId))
  expect(inOrder[0]?.queue).toEqual(receipts[0]?.queue)
})

it('a one-way batch of several requests arrives whole: brokers work on them side by side, so their order is not promised', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ ...PATIENT, maxBatchBytes: 5_000 })
  const receipts = await producer.onewayBatch(upTo(100).map(n => message(texts, `${n}`, { shardKey: 'k' })))
  const received = await readAll(client, texts, { atLeast: 100 })
  const ids = new Map(received.map(({ body, messageId }) => [body, messageId]))
  expect(receipts.map(({ messageId }) => messageId)).toEqual(upTo(100).map(n => ids.get(`${n}`)))
})

it('what a one-way send was given is flushed before the client closes', async () => {
  const texts = await textTopic()
  const closing = quietClient(cluster)
  const producer = closing.producer(PATIENT)
  await Promise.all(upTo(500).map(n => producer.oneway(message(texts, `${n}`))))
  await closing.close()
  await using client = quietClient(cluster)
  expect(await settledCount(client, texts.name, 500)).toBe(500)
})

it('a one-way send waits while the socket takes no more, and what it cannot deliver in time was not sent', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer({ ...PATIENT, maxInFlight: 4, compression: 'none' })
  await producer.send(message(texts, 'warm'))
  await cluster.pauseBroker()
  const body = 'x'.repeat(1_000_000)
  const outcomes = upTo(40).map(() =>
    producer.oneway(message(texts, body), { timeoutMs: 3_000 }).then(
      () => 'taken',
      (error: unknown) => error,
    ),
  )
  const ended = await Promise.all(outcomes)
  const failures = ended.filter(outcome => outcome !== 'taken')
  expect(failures.length).toBeGreaterThan(0)
  for (const failure of failures) expect(failure).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', sent: 'no' })
  await cluster.resumeBroker()
  expect(await settledCount(client, texts.name, 41 - failures.length)).toBe(41 - failures.length)
})

it('a one-way send that cannot leave fails: without a broker, with a bad message', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  expect(await failureOf(producer.oneway$(message(texts, '')))).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no' })
  await using nowhere = quietClient({ nameServers: ['127.0.0.1:1'] })
  const failure = await failureOf(nowhere.producer().oneway$(message(texts, 'x'), { timeoutMs: 500 }))
  expect(failure.sent).toBe('no')
})
