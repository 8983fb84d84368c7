import { firstValueFrom, timer } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { message, on } from '../../src/index.ts'
import type { Client, Consumer, ConsumerOptions, Delivery, Topic } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

unhandledErrors()

const numbersTopic = (queues: number) => topicOfNumbers(cluster, queues)
const orderlyConsumer = (
  client: Client,
  numbers: Topic<string, number>,
  group = unique('g'),
  more: Partial<ConsumerOptions> = {},
): Consumer<Delivery<string, number>> => {
  const options = { startFrom: 'first', ordering: 'queue', commit: { everyMs: 200 }, ...more } as const
  return client.consumer({ ...options, group, subscribe: [on(numbers)] })
}
const memberClient = () => quietClient(cluster, { timing: { rebalanceMs: 2_000 } })

it('a queue is handled in order, one message at a time, while queues are handled side by side', async () => {
  const numbers = await numbersTopic(4)
  await using client = memberClient()
  for (let n = 0; n < 40; n++)
    await client.producer().send(message(numbers, n), { select: ({ queues }) => queues[n % 4] })
  const busy = new Map<number, number>()
  let atOnce = 0
  let most = 0
  const consumer = orderlyConsumer(client, numbers)
  const got = consume(consumer, async ({ queue: { queueId } }) => {
    busy.set(queueId, (busy.get(queueId) ?? 0) + 1)
    expect(busy.get(queueId)).toBe(1)
    most = Math.max(most, ++atOnce)
    await firstValueFrom(timer(20))
    atOnce--
    busy.set(queueId, 0)
  })
  await processedCount(got, 40)
  const perQueue = new Map<number, number[]>()
  for (const { delivery } of got.processed) {
    const { queueId } = delivery.queue
    perQueue.set(queueId, [...(perQueue.get(queueId) ?? []), delivery.message.body])
  }
  for (const bodies of perQueue.values()) expect(bodies).toEqual([...bodies].sort((a, b) => a - b))
  expect(most).toBeGreaterThan(1)
  await consumer.close()
})

it('what fails is tried again in place, with a rising attempt, and nothing of its queue overtakes it', async () => {
  const numbers = await numbersTopic(1)
  await using client = memberClient()
  for (let n = 0; n < 5; n++) await client.producer().send(message(numbers, n))
  const seen: string[] = []
  const consumer = orderlyConsumer(client, numbers)
  const got = consume(
    consumer,
    ({ message: { body }, attempt }) => {
      seen.push(`${body}.${attempt}`)
      if (body === 2 && attempt < 4) throw new Error('not yet')
    },
    { suspendMs: 50 },
  )
  await processedCount(got, 5)
  expect(seen).toEqual(['0.1', '1.1', '2.1', '2.2', '2.3', '2.4', '3.1', '4.1'])
  await consumer.close()
})

it('a failure may say how long its queue rests this time; what it may not say is told, and the queue rests as usual', async () => {
  const numbers = await numbersTopic(1)
  await using client = memberClient()
  for (let n = 0; n < 2; n++) await client.producer().send(message(numbers, n))
  const startedAt: number[] = []
  const consumer = orderlyConsumer(client, numbers)
  const problems: string[] = []
  consumer.failures$.subscribe(({ error }) => problems.push((error as Error).message))
  const got = consume(
    consumer,
    ({ message: { body }, attempt }) => {
      if (body !== 0) return
      startedAt.push(performance.now())
      if (attempt < 4) throw new Error('not yet')
    },
    { suspendMs: 30, onError: (_, { attempt }) => ({ suspendMs: [700, 9, 100][attempt - 1] ?? 0 }) },
  )
  await processedCount(got, 2)
  const rests = startedAt.slice(1).map((at, n) => at - (startedAt[n] ?? 0))
  expect(rests).toHaveLength(3)
  expect(rests[0]).toBeGreaterThan(690)
  expect(rests[1]).toBeLessThan(400) // 30 ms
  expect(rests[2]).toBeLessThan(600) // 100 ms
  expect(problems).toEqual([
    'not yet',
    'not yet',
    expect.stringContaining('{ suspendMs: 9 }: expected a whole number from 10 to 30000'),
    'not yet',
  ])
  await consumer.close()
})

it('a queue that rests does not keep the others from working, even with one handler at once', async () => {
  const numbers = await numbersTopic(2)
  await using client = memberClient()
  for (let n = 0; n < 10; n++)
    await client.producer().send(message(numbers, n), { select: ({ queues }) => queues[n % 2] })
  const done: number[] = []
  const consumer = orderlyConsumer(client, numbers)
  const got = consume(
    consumer,
    ({ message: { body }, attempt }) => {
      if (body === 0 && attempt === 1) throw new Error('not yet')
      done.push(body)
    },
    { concurrency: 1, suspendMs: 1_000 },
  )
  await processedCount(got, 10)
  expect(done.slice(0, 5)).toEqual([1, 3, 5, 7, 9])
  expect(done.slice(5)).toEqual([0, 2, 4, 6, 8])
  await consumer.close()
})

it('keys inside of a queue are handled side by side on request, each in its order', async () => {
  const numbers = await numbersTopic(1)
  await using client = memberClient()
  for (let n = 0; n < 12; n++) await client.producer().send(message(numbers, n))
  const seen: number[] = []
  const consumer = orderlyConsumer(client, numbers)
  const got = consume(
    consumer,
    async ({ message: { body } }) => {
      await firstValueFrom(timer(body % 3 === 0 ? 60 : 1))
      seen.push(body)
    },
    { keyBy: ({ message: { body } }) => body % 3 },
  )
  await processedCount(got, 12)
  expect(seen).not.toEqual([...seen].sort((a, b) => a - b))
  for (const key of [0, 1, 2]) expect(seen.filter(n => n % 3 === key)).toEqual([0, 3, 6, 9].map(n => n + key))
  await consumer.close()
})

it('after so many attempts the message goes to the dead letters, and the queue goes on', async () => {
  const numbers = await numbersTopic(1)
  await using client = memberClient()
  for (let n = 0; n < 3; n++) await client.producer().send(message(numbers, n))
  const group = unique('g')
  const consumer = orderlyConsumer(client, numbers, group, { retry: { maxAttempts: 2 } })
  const got = consume(
    consumer,
    ({ message: { body } }) => {
      if (body === 0) throw new Error('never')
    },
    { suspendMs: 20 },
  )
  await processedCount(got, 3)
  expect(
    got.processed.map(({ delivery, settlement }) => [delivery.message.body, delivery.attempt, settlement]),
  ).toEqual([
    [0, 3, 'dead-lettered'],
    [1, 1, 'acked'],
    [2, 1, 'acked'],
  ])
  await consumer.close()
})

it('only one member consumes a queue at a time: the next one waits for the lock, and goes on where the last one stopped', async () => {
  const numbers = await numbersTopic(1)
  await using first = memberClient()
  await using second = memberClient()
  const group = unique('g')
  for (let n = 0; n < 20; n++) await first.producer().send(message(numbers, n))
  const log: string[] = []
  const one = orderlyConsumer(first, numbers, group)
  const two = orderlyConsumer(second, numbers, group)
  const gotOne = consume(one, async ({ message: { body } }) => {
    await firstValueFrom(timer(10))
    log.push(`one ${body}`)
  })
  await processedCount(gotOne, 5)
  const gotTwo = consume(two, ({ message: { body } }) => void log.push(`two ${body}`))
  const processed = () => gotOne.processed.length + gotTwo.processed.length // whose the queue is, their ids decide
  await expect.poll(processed, { timeout: 30_000 }).toBeGreaterThanOrEqual(10)
  await one.close()
  await expect.poll(processed, { timeout: 30_000 }).toBe(20)
  expect(log.map(line => Number(line.split(' ')[1]))).toEqual(Array.from({ length: 20 }, (_, n) => n))
  await two.close()
})
