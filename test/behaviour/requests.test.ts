import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, on, replyWith, topic } from '../../src/index.ts'
import type { Client, Delivery, Producer, ProcessOptions, SendInterceptor, Topic } from '../../src/index.ts'
import { decodeTraceRecords } from '../../src/protocol/bodies/message-trace.ts'
import { consume } from '../support/consuming.ts'
import type { Consuming } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterAll(() => cluster.stop())

interface Sum {
  readonly a: number
  readonly b: number
}
const ANSWERS = topic('answers', codecs.json<{ readonly sum: number }>())

const aTopic = async () => {
  const sums = topic(unique('sums'), codecs.json<Sum>())
  await cluster.createTopic(sums.name, { queues: 2 })
  return sums
}

/** Somebody who adds up. */
const adding = (
  client: Client,
  sums: Topic<string, Sum>,
  options: ProcessOptions = {},
  add = ({ message: { body } }: Delivery<string, Sum>): Promise<{ sum: number }> =>
    Promise.resolve({ sum: body.a + body.b }),
): Consuming => {
  const consumer = client.consumer({ group: unique('adders'), subscribe: [on(sums)], startFrom: 'first' })
  return consume(consumer, replyWith(client.producer(PATIENT), ANSWERS.codec, add), options)
}

const ask = (producer: Producer, sums: Topic<string, Sum>, a: number, b: number) =>
  producer.request(message(sums, { a, b }), ANSWERS, { timeoutMs: 20_000 })

describe('a request', () => {
  it('has the reply of whoever consumed it, each its own', async () => {
    const sums = await aTopic()
    await using asking = quietClient(cluster)
    await using replying = quietClient(cluster)
    const adder = adding(replying, sums)
    const producer = asking.producer()
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(producer, sums, n, 1_000)))
    expect(replies.map(({ body }) => body.sum)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1_000))
    expect(new Set(replies.map(({ messageId }) => messageId)).size).toBe(20)
    const [first] = replies
    expect(first).toMatchObject({ topic: 'answers', tag: undefined, keys: [] })
    expect(first!.properties).toMatchObject({ MSG_TYPE: 'reply', REPLY_TO_CLIENT: asking.clientId, TTL: '20000' })
    expect(first!.queue.topic).toMatch(/_REPLY_TOPIC$/)
    expect(['broker-a', 'broker-b']).toContain(first!.queue.brokerName)
    expect(cluster.brokers).toContain(first!.storeHost)
    await expect.poll(() => adder.processed.map(({ settlement }) => settlement)).toEqual(Array(20).fill('acked'))
    adder.unsubscribe()
  })

  it('may be compressed, and so may its reply', async () => {
    const texts = topic(unique('texts'), codecs.text)
    await cluster.createTopic(texts.name)
    await using client = quietClient(cluster)
    const consumer = client.consumer({ group: unique('echoers'), subscribe: [on(texts)], startFrom: 'first' })
    const producer = client.producer(PATIENT)
    const echoing = consume(
      consumer,
      replyWith(producer, codecs.text, ({ message: { body } }) => [body + body]),
    )
    const long = 'the same words again and again '.repeat(5_000)
    const { body } = await producer.request(message(texts, long), topic('echo', codecs.text), { timeoutMs: 20_000 })
    expect(body === long + long).toBe(true)
    echoing.unsubscribe()
  })

  it('to which nobody replies fails in time, and says that it may have been carried out', async () => {
    const sums = await aTopic()
    await using client = quietClient(cluster)
    const producer = client.producer()
    await producer.send(message(sums, { a: 0, b: 0 })) // everything that takes its time the first time
    const error = await failureOf(producer.request(message(sums, { a: 1, b: 2 }), ANSWERS, { timeoutMs: 1_500 }))
    expect(error).toMatchObject({ code: 'ERR_RMQ_REPLY_TIMEOUT', sent: 'maybe', retriable: false, topic: sums.name })
  })

  it('that was given up does not mind its reply: it is told as late, and whoever replied is content', async () => {
    const sums = await aTopic()
    await using asking = quietClient(cluster)
    await using replying = quietClient(cluster)
    const events = eventsOf(asking)
    let reply: () => void = () => undefined
    const until = new Promise<void>(resolve => (reply = resolve))
    let asked = false
    const adder = adding(replying, sums, {}, async ({ message: { body } }) => {
      asked = true
      await until
      return { sum: body.a + body.b }
    })
    const producer = asking.producer()
    const waiting = producer.request$(message(sums, { a: 1, b: 2 }), ANSWERS, { timeoutMs: 30_000 }).subscribe()
    await expect.poll(() => asked).toBe(true)
    waiting.unsubscribe()
    reply()
    await expect.poll(() => ofType(events, 'late-reply')).toMatchObject([{ count: 1 }])
    await expect.poll(() => adder.processed.map(({ settlement }) => settlement)).toEqual(['acked'])
    adder.unsubscribe()
  })

  it('that cannot be stored fails as its send does', async () => {
    await using client = quietClient(cluster)
    const nowhere = topic(unique('nowhere'), codecs.json<Sum>())
    const producer = client.producer({ autoCreateTopics: false })
    const error = await failureOf(producer.request(message(nowhere, { a: 1, b: 2 }), ANSWERS))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND', sent: 'no' })
  })
})

describe('a reply', () => {
  it('to a client that has gone is a failure of the handler, for which `onError` decides', async () => {
    const sums = await aTopic()
    const asking = quietClient(cluster)
    await using replying = quietClient(cluster)
    let reply: () => void = () => undefined
    const until = new Promise<void>(resolve => (reply = resolve))
    let asked = false
    const adder = adding(replying, sums, { onError: 'ack' }, async () => {
      asked = true
      await until
      return { sum: 0 }
    })
    const lost = failureOf(asking.producer().request(message(sums, { a: 1, b: 2 }), ANSWERS, { timeoutMs: 30_000 }))
    await expect.poll(() => asked).toBe(true)
    await asking.close({ drainMs: 0 })
    expect(await lost).toMatchObject({ code: 'ERR_RMQ_CLOSED' })
    reply()
    await expect
      .poll(() => adder.processed)
      .toMatchObject([{ settlement: 'acked', error: { code: 'ERR_RMQ_BROKER', responseCode: 1 } }])
    adder.unsubscribe()
  })

  it('passes the interceptors of whoever replies, and is traced as any send', async () => {
    const sums = await aTopic()
    const traces = topic(unique('traces'), codecs.text)
    await cluster.createTopic(traces.name, { queues: 1 })
    await using asking = quietClient(cluster)
    const replying = quietClient(cluster)
    const kinds: string[] = []
    const noting: SendInterceptor = (sending, next) => {
      kinds.push(sending.kind)
      return next({ ...sending, message: { ...sending.message, tag: 'noted' } })
    }
    const replier = replying.producer({ interceptors: [noting], trace: { topic: traces.name }, ...PATIENT })
    const consumer = replying.consumer({ group: unique('adders'), subscribe: [on(sums)], startFrom: 'first' })
    const adder = consume(
      consumer,
      replyWith(replier, ANSWERS.codec, ({ message: { body } }) => [{ sum: body.a + body.b }]),
    )
    const reply = await ask(asking.producer(), sums, 1, 2)
    expect([kinds, reply.tag, reply.body.sum]).toEqual([['reply'], 'noted', 3])
    await expect.poll(() => adder.processed).toHaveLength(1)
    adder.unsubscribe()
    await replying.close() // with its traces

    const records = (await readAll(asking, traces, { atLeast: 1 })).flatMap(({ body }) => decodeTraceRecords(body))
    const { messageId, queue } = reply
    expect(records).toMatchObject([{ type: 'Pub', topic: queue.topic, messageId, tags: 'noted', success: true }])
  })

  it('to a message that is no request is refused, before its handler does anything', async () => {
    const sums = await aTopic()
    await using client = quietClient(cluster)
    let handled = 0
    const adder = adding(client, sums, { onError: 'ack' }, () => {
      handled++
      return Promise.resolve({ sum: 0 })
    })
    await client.producer(PATIENT).send(message(sums, { a: 1, b: 2 }))
    await expect
      .poll(() => adder.processed)
      .toMatchObject([{ settlement: 'acked', error: { code: 'ERR_RMQ_ILLEGAL' } }])
    expect(handled).toBe(0)
    adder.unsubscribe()
  })
})
