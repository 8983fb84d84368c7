import { randomBytes } from 'node:crypto'
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, compareOffsets, message, on, topic } from '../../src/index.ts'
import type { Client } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { firstWhere } from '../support/first-where.ts'
import { javaHashCode, javaQueueOf } from '../support/java-hash.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll, storedCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const textTopic = async (queues = 4) => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues })
  return texts
}
const bytesOut = async (client: Client): Promise<number> => {
  const { connections } = await firstValueFrom(client.stats$())
  return connections.reduce((sum, connection) => sum + connection.bytesOut, 0)
}

it('a sent message is received with the same topic, tag, keys, sharding key, properties, body, id, queue and offset', async () => {
  const orders = topic(unique('orders'), codecs.json<{ readonly id: number; readonly name: string }>())
  await cluster.createTopic(orders.name)
  await using client = quietClient(cluster)
  const order = { id: 7, name: 'Füße, 東京 and 😀' }
  const result = await client.producer().send(
    message(orders, order, {
      tag: 'new',
      keys: ['order-7', 'customer-3'],
      shardKey: 'customer-3',
      properties: { origin: 'web shop', ключ: 'значение' },
    }),
  )
  expect(result).toMatchObject({ status: 'ok', attempts: 1, queue: { topic: orders.name } })

  const [received, ...others] = await readAll(client, orders, { atLeast: 1 })
  expect(others).toEqual([])
  expect(received).toMatchObject({
    topic: orders.name,
    body: order,
    tag: 'new',
    keys: ['order-7', 'customer-3'],
    shardKey: 'customer-3',
    properties: { origin: 'web shop', ключ: 'значение' },
    messageId: result.messageId,
    offsetMessageId: result.offsetMessageId,
    queue: result.queue,
    bornAt: result.sentAt,
    reconsumeTimes: 0,
  })
  expect(compareOffsets(received!.queueOffset, result.queueOffset)).toBe(0)
  expect(received!.storeHost).toBe(cluster.brokers[0])
})

it('a message that says nothing about itself has no tag, no keys and no sharding key', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'plain'))
  const [received] = await readAll(client, texts, { atLeast: 1 })
  expect(received).toMatchObject({ body: 'plain', tag: undefined, keys: [], shardKey: undefined })
})

it('bodies of any size and content come back equal, compressed or not', async () => {
  const raw = topic(unique('raw'))
  await cluster.createTopic(raw.name)
  await using client = quietClient(cluster)
  const producer = client.producer()
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const bodies = [
    Buffer.from([0]),
    everyByte,
    Buffer.alloc(4_095, 'a'),
    Buffer.alloc(4_096, 'a'), // from here on compressed
    Buffer.concat([Buffer.alloc(100_000, 'b'), everyByte]),
    randomBytes(50_000),
  ]
  const ids = await Promise.all(bodies.map(async body => (await producer.send(message(raw, body))).messageId))
  const received = new Map((await readAll(client, raw, { atLeast: bodies.length })).map(m => [m.messageId, m.body]))
  bodies.forEach((body, n) => expect(Buffer.from(received.get(ids[n]!)!).equals(body)).toBe(true))
})

it('a body from 4 KiB on travels compressed, unless the producer is told not to', async () => {
  const texts = await textTopic()
  const long = 'the same words again and again '.repeat(5_000)
  await using packing = quietClient(cluster)
  await packing.producer().send(message(texts, long))
  expect(await bytesOut(packing)).toBeLessThan(10_000)
  await using plain = quietClient(cluster)
  await plain.producer({ compressAboveBytes: Infinity }).send(message(texts, long))
  expect(await bytesOut(plain)).toBeGreaterThan(long.length)
  const received = await readAll(plain, texts, { atLeast: 2 })
  expect(received.map(({ body }) => body === long)).toEqual([true, true])
})

it('a body of exactly 4 MiB is stored, one byte more is refused before anything is sent', async () => {
  const raw = topic(unique('raw'))
  await cluster.createTopic(raw.name, { queues: 1 })
  await using client = quietClient(cluster)
  const producer = client.producer({ compressAboveBytes: Infinity, ...PATIENT })
  await producer.send(message(raw, Buffer.alloc(4_194_304, 'x')))
  const error = await failureOf(producer.send(message(raw, Buffer.alloc(4_194_305, 'x'))))
  expect(error).toMatchObject({ code: 'ERR_RMQ_TOO_LARGE', sent: 'no', retriable: false, topic: raw.name })
  const [received, ...others] = await readAll(client, raw, { atLeast: 1 })
  expect(received!.body).toHaveLength(4_194_304)
  expect(others).toEqual([])
})

it('a topic that nobody created is created by the first send, with four queues', async () => {
  const fresh = topic(unique('fresh'), codecs.text)
  await using client = quietClient(cluster)
  const producer = client.producer()
  expect((await producer.send(message(fresh, 'first'))).status).toBe('ok')
  const known = await firstWhere(client.routes$(fresh), ({ status }) => status === 'known')
  expect(known.publishQueues.map(({ queueId }) => queueId)).toEqual([0, 1, 2, 3])
  await producer.send(message(fresh, 'second'))
  const received = await readAll(client, fresh, { atLeast: 2 })
  expect(received.map(({ body }) => body).sort()).toEqual(['first', 'second'])
})

it('a producer that must not create topics refuses an unknown one by name', async () => {
  const nowhere = topic(unique('nowhere'), codecs.text)
  await using client = quietClient(cluster)
  const error = await failureOf(client.producer({ autoCreateTopics: false }).send(message(nowhere, 'lost')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND', sent: 'no', topic: nowhere.name })
  expect(error.message).toContain(nowhere.name)
})

it('a delayed message arrives after its delay and not before', async () => {
  const texts = await textTopic(1)
  await using client = quietClient(cluster)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  const arrival = firstValueFrom(consumer.process$(() => undefined))
  const { sentAt, messageId } = await client.producer().send(message(texts, 'later', { delayLevel: 1, tag: 'delayed' }))
  const { delivery } = await arrival
  const tookMs = Date.now() - sentAt.getTime()
  expect(tookMs).toBeGreaterThanOrEqual(1_000) // level 1 of the test clusters is 1 s
  expect(tookMs).toBeLessThan(20_000)
  expect(delivery.message).toMatchObject({ body: 'later', tag: 'delayed', messageId, reconsumeTimes: 0 })
})

it("all messages of a sharding key go to one queue, the one that Java's hash names", async () => {
  expect(javaHashCode('hello')).toBe(99_162_322) // as Java documents and prints it
  expect(javaHashCode('polygenelubricants')).toBe(-2_147_483_648)
  const texts = await textTopic(7)
  await using client = quietClient(cluster)
  const producer = client.producer()
  const keys = ['hello', 'polygenelubricants', 'order-1', 'order-2', 'kunde-ß', '東京', '😀', 'a']
  for (const key of [...keys, ...keys]) {
    const { queue } = await producer.send(message(texts, key, { shardKey: key }))
    expect([key, queue.queueId]).toEqual([key, javaQueueOf(key, 7)])
  }
})

it('messages without a sharding key take turns over all queues', async () => {
  const texts = await textTopic(4)
  await using client = quietClient(cluster)
  const producer = client.producer()
  const queues: number[] = []
  for (let n = 0; n < 12; n++) queues.push((await producer.send(message(texts, `${n}`))).queue.queueId)
  for (let n = 4; n < 12; n++) expect(queues[n]).toBe(queues[n - 4])
  expect(queues.slice(0, 4).sort()).toEqual([0, 1, 2, 3])
})

it('messages that are to be spread by chance reach all queues, and not in turns', async () => {
  const texts = await textTopic(4)
  await using client = quietClient(cluster)
  const producer = client.producer({ select: 'random', ...PATIENT })
  const sent = await Promise.all(Array.from({ length: 200 }, (_, n) => producer.send(message(texts, `${n}`))))
  const counts = [0, 1, 2, 3].map(id => sent.filter(({ queue }) => queue.queueId === id).length)
  expect(Math.min(...counts)).toBeGreaterThan(10)
  expect(new Set(counts).size).toBeGreaterThan(1)
})

it('thousands of sends at once all succeed, each stored once under an id of its own', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const sent = await Promise.all(Array.from({ length: 5_000 }, (_, n) => producer.send(message(texts, `${n}`))))
  expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(5_000)
  expect(new Set(sent.map(({ queue, queueOffset }) => `${queue.queueId} ${queueOffset.toString()}`)).size).toBe(5_000)
  expect(await storedCount(client, texts.name)).toBe(5_000)
})

it('a result written as JSON has its offset as a decimal string', async () => {
  const texts = await textTopic(1)
  await using client = quietClient(cluster)
  const producer = client.producer()
  await producer.send(message(texts, 'zero'))
  const result = await producer.send(message(texts, 'one'))
  expect(JSON.parse(JSON.stringify(result))).toMatchObject({
    queueOffset: '1',
    messageId: result.messageId,
    status: 'ok',
  })
})
