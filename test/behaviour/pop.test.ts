import { concat, defer, firstValueFrom, ignoreElements, timer } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
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

const isTooOld = (): boolean => cluster.version.startsWith('4.')
const numbersTopic = (queues: number) => topicOfNumbers(cluster, queues)
const popper = (
  client: Client,
  numbers: Topic<string, number>,
  group: string,
  more: Partial<ConsumerOptions> = {},
): Consumer<Delivery<string, number>> => {
  const options = { startFrom: 'first', acknowledge: 'pop', ...more } as const
  return client.consumer({ ...options, group, subscribe: [on(numbers)] })
}
const send = async (client: Client, numbers: Topic<string, number>, from: number, to: number) => {
  for (let n = from; n < to; n++) await client.producer().send(message(numbers, n))
}
const bodies = (deliveries: readonly Delivery<string, number>[]) =>
  deliveries.map(({ message: { body } }) => body).sort((a, b) => a - b)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
const PATIENCE = { timeout: 40_000, interval: 50 }

it('brokers that are too old to be popped from are refused by name', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  const got = consume(popper(client, numbers, unique('g')), () => undefined)
  if (isTooOld()) {
    await got.over
    expect(got.failure()).toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      message: expect.stringContaining('RocketMQ 5') as string,
    })
  } else {
    await send(client, numbers, 0, 3)
    await processedCount(got, 3, 40_000)
    got.unsubscribe()
  }
})

it('all members pop from all queues, and each message is one member’s', async () => {
  if (isTooOld()) return
  const numbers = await numbersTopic(1)
  await using one = quietClient(cluster)
  await using two = quietClient(cluster)
  const group = unique('g')
  const seen: Delivery<string, number>[][] = [[], []]
  const work = (member: number) => (delivery: Delivery<string, number>) =>
    concat(
      timer(5).pipe(ignoreElements()),
      defer(() => (seen[member]?.push(delivery), [])),
    )
  const flow = { unsettled: 4, unsettledPerQueue: 4, pullBatch: 2 }
  const consumers = [popper(one, numbers, group, { flow }), popper(two, numbers, group, { flow })]
  const got = consumers.map((consumer, member) => consume(consumer, work(member), { concurrency: 2 }))
  await firstValueFrom(timer(500))
  await send(one, numbers, 0, 60)
  await expect.poll(() => seen.flat().length, PATIENCE).toBe(60)
  expect(bodies(seen.flat())).toEqual(upTo(60))
  expect(seen[0]?.length).toBeGreaterThan(0)
  expect(seen[1]?.length).toBeGreaterThan(0)
  for (const consumer of consumers) expect(await consumer.close()).toMatchObject({ forced: false, unsettled: 0 })
  expect(got.every(each => each.isOver())).toBe(true)
})

it('what fails comes again after its delay, counted, and what is acknowledged does not', async () => {
  if (isTooOld()) return
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster)
  const consumer = popper(client, numbers, unique('g'))
  const attempts: string[] = []
  const got = consume(consumer, delivery => {
    attempts.push(`${delivery.message.body}.${delivery.attempt}`)
    if (delivery.message.body === 1 && delivery.attempt === 1) delivery.retryLater({ afterMs: 1_000 })
  })
  await send(client, numbers, 0, 3)
  await processedCount(got, 4, 60_000)
  expect([...attempts].sort()).toEqual(['0.1', '1.1', '1.2', '2.1'])
  await consumer.close()
})

it('extend$ keeps a message from others for longer, and without it the message comes again', async () => {
  if (isTooOld()) return
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  const consumer = popper(client, numbers, unique('g'), { invisibleMs: 5_000 })
  const attempts: number[] = []
  const got = consume(consumer, delivery => {
    attempts.push(delivery.attempt)
    return concat(delivery.extend$(30_000), timer(7_000)).pipe(ignoreElements())
  })
  await send(client, numbers, 0, 1)
  await processedCount(got, 1, 40_000)
  expect(attempts).toEqual([1])
  expect(got.processed[0]).toMatchObject({ settlement: 'acked' })
  await consumer.close()
})

it('popped in order, a queue gives nothing more until what it gave is settled', async () => {
  if (isTooOld()) return
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 10)
  const consumer = popper(client, numbers, unique('g'), { ordering: 'queue', flow: { pullBatch: 3 } })
  const seen: string[] = []
  const got = consume(
    consumer,
    ({ message: { body }, attempt }) => {
      seen.push(`${body}.${attempt}`)
      if (body === 4 && attempt < 3) throw new Error('not yet')
    },
    { suspendMs: 50 },
  )
  await processedCount(got, 10, 40_000)
  expect(seen).toEqual(['0.1', '1.1', '2.1', '3.1', '4.1', '4.2', '4.3', '5.1', '6.1', '7.1', '8.1', '9.1'])
  await consumer.close()
})

it('names of a namespace are kept when popping, and when failed messages come again', async () => {
  if (isTooOld()) return
  const namespace = unique('ns')
  const plain = unique('numbers')
  await cluster.createTopic(`${namespace}%${plain}`, { queues: 1 })
  await using client = quietClient(cluster, { namespace })
  const numbers = topic(plain, codecs.json<number>())
  const consumer = popper(client, numbers, unique('g'))
  const got = consume(consumer, delivery => {
    if (delivery.attempt === 1) delivery.retryLater({ afterMs: 1_000 })
  })
  await send(client, numbers, 0, 2)
  await processedCount(got, 4, 60_000)
  expect(got.processed.map(({ delivery }) => [delivery.topic, delivery.attempt])).toEqual(
    expect.arrayContaining([
      [plain, 1],
      [plain, 2],
    ]),
  )
  expect(got.processed.map(({ settlement }) => settlement).sort()).toEqual([
    'acked',
    'acked',
    'retry-scheduled',
    'retry-scheduled',
  ])
  await consumer.close()
})
