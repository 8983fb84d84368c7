import { concat, defer, EMPTY, finalize, firstValueFrom, from, NEVER, of, take, throwError, timer } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, ErrorPolicy, Handler, Topic } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { readAll, settledCount } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterAll(() => cluster.stop())

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  return texts
}
const consumerOf = (client: Client, texts: Topic<string, string>, maxAttempts?: number) => {
  const retry = maxAttempts === undefined ? {} : { retry: { maxAttempts } }
  return client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first', ...retry })
}
/** A client that soon asks again for the route of a topic that was not there a moment ago, such as one of dead letters. */
const inquisitiveClient = () => quietClient(cluster, { timing: { routeRetryMs: 200 } })
const deadLettersOf = (group: string) => topic(`%DLQ%${group}`, codecs.text)

it('a handler may return nothing, a value later, a promise, an observable, an array or nothing at all: all is success', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  const seen: string[] = []
  const done = (name: string): void => void seen.push(name)
  const handlers: Record<string, Handler> = {
    void: () => done('void'),
    promise: async () => {
      await firstValueFrom(timer(20))
      done('promise')
    },
    observable: () =>
      concat(
        timer(20),
        defer(() => {
          done('observable')
          return of(1)
        }),
      ),
    'many values': () => from([1, 2, 3]).pipe(finalize(() => done('many values'))),
    empty: () => {
      done('empty')
      return EMPTY
    },
    array: () => {
      done('array')
      return [1, 2]
    },
    'async generator': async function* () {
      yield await Promise.resolve(1)
      done('async generator')
    },
  }
  const names = Object.keys(handlers)
  for (const name of names) await producer.send(message(texts, name))
  const consumer = consumerOf(client, texts)
  const got = consume(consumer, delivery => handlers[delivery.message.body]!(delivery))
  await processedCount(got, names.length)
  expect([...seen].sort()).toEqual([...names].sort())
  for (const { settlement, error } of got.processed) expect([settlement, error]).toEqual(['acked', undefined])
  expect(await consumer.close()).toEqual({ forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 })
})

it('a message whose handler fails comes again later, as attempt 2, under its own topic and id', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const { messageId } = await client.producer().send(message(texts, 'flaky', { tag: 'a', keys: ['k'] }))
  const consumer = consumerOf(client, texts)
  const failures: Record<string, Handler> = {
    throwing: () => {
      throw new Error('not today')
    },
    rejecting: () => Promise.reject(new Error('not today')),
    erring: () => throwError(() => new Error('not today')),
  }
  const ways = Object.values(failures)
  const got = consume(consumer, delivery => ways[delivery.attempt - 1]?.(delivery))
  await processedCount(got, 4)
  expect(got.processed.map(({ delivery }) => delivery.attempt)).toEqual([1, 2, 3, 4])
  for (const { delivery, settlement, error } of got.processed) {
    const failed = delivery.attempt < 4
    expect(settlement).toBe(failed ? 'retry-scheduled' : 'acked')
    expect(error instanceof Error && error.message).toBe(failed && 'not today')
    expect(delivery.topic).toBe(texts.name)
    expect(delivery.message).toMatchObject({ topic: texts.name, body: 'flaky', messageId, tag: 'a', keys: ['k'] })
    expect(delivery.message.reconsumeTimes).toBe(delivery.attempt - 1)
  }
  expect(got.processed[1]!.delivery.queue.topic).toBe(`%RETRY%${consumer.group}`)
  expect(ofType(events, 'consumer-failure').filter(({ where }) => where === 'handler')).toHaveLength(3)
})

it('a message that fails on its last attempt goes to the dead letters, with everything it had', async () => {
  const texts = await textTopic()
  await using client = inquisitiveClient()
  const sent = message(texts, 'hopeless', { tag: 't', keys: ['k1', 'k2'], properties: { origin: 'test' } })
  const { messageId } = await client.producer().send(sent)
  const consumer = consumerOf(client, texts, 2)
  const got = consume(consumer, () => Promise.reject(new Error('never')))
  await processedCount(got, 3) // the first delivery and two redeliveries
  const told = ['retry-scheduled', 'retry-scheduled', 'dead-lettered']
  expect(got.processed.map(({ settlement }) => settlement)).toEqual(told)
  expect(await Promise.all(got.processed.map(({ delivery }) => firstValueFrom(delivery.settled$)))).toEqual(told)
  const [dead, ...others] = await readAll(client, deadLettersOf(consumer.group), { atLeast: 1 })
  expect(others).toEqual([])
  expect(dead).toMatchObject({ body: 'hopeless', messageId, tag: 't', keys: ['k1', 'k2'] })
  expect(dead!.properties).toMatchObject({ origin: 'test', RETRY_TOPIC: texts.name })
  await firstValueFrom(timer(1_500)) // a retry would be here by now
  expect(got.processed).toHaveLength(3)
})

it('with no redelivery allowed the first failure is the last', async () => {
  const texts = await textTopic()
  await using client = inquisitiveClient()
  await client.producer().send(message(texts, 'once'))
  const consumer = consumerOf(client, texts, 0)
  const got = consume(consumer, () => Promise.reject(new Error('never')))
  await processedCount(got, 1)
  expect(got.processed[0]!.settlement).toBe('dead-lettered')
  expect(await readAll(client, deadLettersOf(consumer.group), { atLeast: 1 })).toMatchObject([{ body: 'once' }])
})

it("onError: 'ack' lets a failed message go, 'dead-letter' puts it aside at once, and a function decides for each", async () => {
  const texts = await textTopic()
  await using client = inquisitiveClient()
  for (const body of ['ack', 'dead-letter', 'ack', 'dead-letter']) await client.producer().send(message(texts, body))
  const consumer = consumerOf(client, texts)
  const asked: unknown[] = []
  const got = consume(consumer, ({ message: { body } }) => Promise.reject(new Error(body)), {
    onError: (error, { message: { body } }) => {
      asked.push((error as Error).message)
      return body as ErrorPolicy
    },
    concurrency: 1,
  })
  await processedCount(got, 4)
  expect(asked).toEqual(['ack', 'dead-letter', 'ack', 'dead-letter'])
  expect(got.processed.map(({ settlement }) => settlement)).toEqual([
    'acked',
    'dead-lettered',
    'acked',
    'dead-lettered',
  ])
  const dead = await readAll(client, deadLettersOf(consumer.group), { atLeast: 2 })
  expect(dead.map(({ body }) => body)).toEqual(['dead-letter', 'dead-letter'])
  expect((await consumer.close()).uncommitted).toBe(0)
})

it('a policy function that itself fails, or answers rubbish, means retry-later: the message is not lost', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'x'))
  const consumer = consumerOf(client, texts)
  const got = consume(consumer, ({ attempt }) => (attempt < 3 ? Promise.reject(new Error('no')) : undefined), {
    onError: (_, { attempt }) => {
      if (attempt === 1) throw new Error('the policy failed')
      return 'nonsense' as ErrorPolicy
    },
  })
  await processedCount(got, 3)
  expect(got.processed.map(({ settlement }) => settlement)).toEqual(['retry-scheduled', 'retry-scheduled', 'acked'])
})

it("onError: 'stop' ends the stream with the handler's failure, and the message comes again to the next subscriber", async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  for (const body of ['good', 'bad', 'rest']) await client.producer().send(message(texts, body))
  const consumer = consumerOf(client, texts)
  const failure = new Error('stop everything')
  const fail = ({ message: { body } }: { readonly message: { readonly body: string } }): void => {
    if (body === 'bad') throw failure
  }
  const startedAt = Date.now()
  const got = consume(consumer, fail, { onError: 'stop', concurrency: 1 })
  await got.over
  expect(Date.now() - startedAt).toBeLessThan(10_000) // nothing is at work that would have to be awaited
  expect(got.failure()).toBe(failure)
  expect(got.processed.map(({ settlement }) => settlement)).toEqual(['acked', 'released'])
  const next = consume(consumer, () => undefined, { concurrency: 1 })
  await processedCount(next, 2)
  expect(next.processed.map(({ delivery }) => [delivery.message.body, delivery.attempt])).toEqual([
    ['bad', 1],
    ['rest', 1],
  ])
})

it('a handler that takes too long is unsubscribed and its signal aborted, then the policy decides', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'endless'))
  const consumer = consumerOf(client, texts)
  let unsubscribed = 0
  const reasons: unknown[] = []
  const got = consume(
    consumer,
    ({ attempt, signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      return attempt > 1 ? undefined : NEVER.pipe(finalize(() => unsubscribed++))
    },
    { timeoutMs: 150 },
  )
  await processedCount(got, 2)
  const [late, again] = got.processed
  expect(late).toMatchObject({ settlement: 'retry-scheduled', error: { code: 'ERR_RMQ_TIMEOUT', topic: texts.name } })
  expect(late!.elapsedMs).toBeGreaterThanOrEqual(149)
  expect(unsubscribed).toBe(1)
  expect(reasons).toEqual([late!.error])
  expect(again).toMatchObject({ settlement: 'acked', delivery: { attempt: 2 } })
})

it('a handler that settles its delivery itself is respected, and the first settlement wins', async () => {
  const texts = await textTopic()
  await using client = inquisitiveClient()
  for (const body of ['ack, then fail', 'dead letter', 'retry', 'ack twice'])
    await client.producer().send(message(texts, body))
  const consumer = consumerOf(client, texts)
  const got = consume(
    consumer,
    delivery => {
      const { body } = delivery.message
      if (body === 'dead letter') delivery.deadLetter()
      if (body === 'retry' && delivery.attempt === 1) delivery.retryLater({ delayLevel: 1 })
      if (body === 'ack twice') delivery.ack()
      if (body === 'ack twice') delivery.deadLetter()
      if (body !== 'ack, then fail') return
      delivery.ack()
      throw new Error('too late to matter')
    },
    { concurrency: 1 },
  )
  await processedCount(got, 5)
  expect(
    got.processed.map(({ delivery, settlement }) => [delivery.message.body, settlement, delivery.attempt]),
  ).toEqual([
    ['ack, then fail', 'acked', 1],
    ['dead letter', 'dead-lettered', 1],
    ['retry', 'retry-scheduled', 1],
    ['ack twice', 'acked', 1],
    ['retry', 'acked', 2],
  ])
  const settled = got.processed.map(({ delivery }) => firstValueFrom(delivery.settled$))
  expect(await Promise.all(settled)).toEqual(['acked', 'dead-lettered', 'retry-scheduled', 'acked', 'acked'])
  expect(await settledCount(client, `%DLQ%${consumer.group}`, 1)).toBe(1)
})

it('a send-back that the broker cannot take is not told as done: unsubscribed meanwhile, the message comes again', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'precious'))
  const consumer = consumerOf(client, texts)
  const told: string[] = []
  let killed: Promise<void> | undefined
  const got = consume(consumer, async delivery => {
    delivery.settled$.subscribe(settlement => told.push(settlement))
    await (killed = cluster.killBroker())
    throw new Error('cannot be handled while the broker is down')
  })
  await processedCount(got, 1)
  await firstValueFrom(timer(300))
  got.unsubscribe() // the queue is given up with the send-back under way
  const toldMeanwhile = [...told]
  await killed
  await cluster.restartBroker()
  const next = consume(consumer, () => undefined)
  await processedCount(next, 1, 40_000)
  expect(next.processed[0]!.delivery.message.body).toBe('precious')
  expect(toldMeanwhile).not.toContain('retry-scheduled') // nobody scheduled anything
})

it('failures$ tells every failure of a handler with its place, and nothing of others', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster)
  await client.producer().send(message(texts, 'x'))
  const consumer = consumerOf(client, texts)
  const other = consumerOf(client, texts)
  let others = 0
  other.failures$.subscribe(() => others++)
  const failed = firstValueFrom(consumer.failures$.pipe(take(1)))
  consume(consumer, () => Promise.reject(new Error('told')), { onError: 'ack' })
  expect(await failed).toMatchObject({
    where: 'handler',
    group: consumer.group,
    queue: { topic: texts.name, queueId: 0 },
    offset: '0',
    error: { message: 'told' },
  })
  expect(others).toBe(0)
})
