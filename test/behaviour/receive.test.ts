import {
  bufferCount,
  concatMap,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  mergeMap,
  Subject,
  take,
  tap,
  timer,
  toArray,
} from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { message, on } from '../../src/index.ts'
import type { Client, Delivery, Topic } from '../../src/index.ts'
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
const send = async (client: Client, numbers: Topic<string, number>, from: number, to: number) => {
  for (let n = from; n < to; n++) await client.producer().send(message(numbers, n))
}
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

it('messages$ hands out every message, and until waits for what is in hand, commits and completes', async () => {
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 30)
  const group = unique('g')
  const consumer = client.consumer({ group, subscribe: [on(numbers)], startFrom: 'first' })
  const until = new Subject<void>()
  const inHand: Delivery<string, number>[] = []
  const seen: number[] = []
  const over = lastValueFrom(
    consumer.messages$({ until }).pipe(
      tap(delivery => {
        seen.push(delivery.message.body)
        if (seen.length <= 25) delivery.ack()
        else inHand.push(delivery)
      }),
    ),
  )
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(30)
  until.next()
  await firstValueFrom(timer(100))
  for (const delivery of inHand) delivery.ack()
  await over
  expect(sorted(seen)).toEqual(upTo(30))

  await send(client, numbers, 30, 32)
  const again = client.consumer({ group, subscribe: [on(numbers)], startFrom: 'first' })
  const rest = await lastValueFrom(
    again.messages$().pipe(
      tap(delivery => delivery.ack()),
      map(({ message: { body } }) => body),
      take(2),
      toArray(),
    ),
  )
  expect(sorted(rest)).toEqual([30, 31])
})

it('messages$ stops pulling while nothing is settled, and goes on with every settlement', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 40)
  const flow = { unsettledPerQueue: 8, pullBatch: 4 }
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first', flow })
  const got: Delivery<string, number>[] = []
  const subscription = consumer.messages$().subscribe({ next: delivery => got.push(delivery), error: () => undefined })
  await expect.poll(() => got.length, { timeout: 20_000 }).toBe(8)
  await firstValueFrom(timer(200))
  expect(got.length).toBe(8)
  for (const delivery of got.slice(0, 4)) delivery.ack()
  await expect.poll(() => got.length, { timeout: 5_000 }).toBe(12)
  subscription.unsubscribe()
})

it('queues$ has a stream for each queue; it is pulled while it is subscribed to, and completes at the end', async () => {
  const numbers = await numbersTopic(3)
  await using client = quietClient(cluster)
  for (const n of upTo(30)) await client.producer().send(message(numbers, n), { select: ({ queues }) => queues[n % 3] })
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const until = new Subject<void>()
  const perQueue = new Map<number, number[]>()
  let completed = 0
  let count = 0
  await lastValueFrom(
    consumer.queues$({ until }).pipe(
      mergeMap(({ queue, messages$ }) =>
        messages$.pipe(
          concatMap(delivery => {
            perQueue.set(queue.queueId, [...(perQueue.get(queue.queueId) ?? []), delivery.message.body])
            delivery.ack()
            if (++count === 30) until.next()
            return [delivery]
          }),
          tap({ complete: () => completed++ }),
        ),
      ),
    ),
  )
  expect(perQueue.get(0)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27])
  expect([...perQueue.keys()].sort()).toEqual([0, 1, 2])
  expect(completed).toBeGreaterThanOrEqual(3)
})

it('processBatch$ hands over messages together, and settles each of them', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 50)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const sizes: number[] = []
  const processed = await lastValueFrom(
    consumer
      .processBatch$(
        batch => {
          sizes.push(batch.length)
        },
        { maxCount: 20, lingerMs: 500, keyBy: 'queue' },
      )
      .pipe(take(50), toArray()),
  )
  expect(sorted(processed.map(({ delivery }) => delivery.message.body))).toEqual(upTo(50))
  expect(processed.every(({ settlement }) => settlement === 'acked')).toBe(true)
  expect(sizes.slice(0, 2)).toEqual([20, 20])
})

it('a batch that fails in part comes again in part: what the handler settled itself is respected', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 10)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const processed = await lastValueFrom(
    consumer
      .processBatch$(batch => {
        for (const delivery of batch) if (delivery.message.body !== 3) delivery.ack()
        if (batch.some(({ message: { body }, attempt }) => body === 3 && attempt === 1)) throw new Error('three')
      })
      .pipe(take(11), toArray()),
  )
  const ofThree = processed.filter(({ delivery }) => delivery.message.body === 3)
  expect(ofThree.map(({ settlement }) => settlement)).toEqual(['retry-scheduled', 'acked'])
  expect(processed.filter(({ settlement }) => settlement === 'acked')).toHaveLength(10)
})

it('a consumer can rest and go on, and go to another place in its queues', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 10)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const seen: number[] = []
  const subscription = consumer
    .process$(({ message: { body } }) => void seen.push(body))
    .subscribe({ error: () => undefined })
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(10)
  consumer.pause()
  await send(client, numbers, 10, 20)
  await firstValueFrom(timer(500))
  expect(seen.length).toBe(10)
  consumer.resume()
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(20)
  const [sought] = await firstValueFrom(
    consumer.seek$(5, [{ topic: numbers.name, brokerName: 'broker-a', queueId: 0 }]),
  )
  expect(sought?.offset.toNumber()).toBe(5)
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(35)
  expect(seen.slice(20)).toEqual(Array.from({ length: 15 }, (_, i) => i + 5))
  await firstValueFrom(consumer.commit$())
  await expect(
    firstValueFrom(consumer.seek$(99, [{ topic: numbers.name, brokerName: 'broker-a', queueId: 0 }])),
  ).rejects.toMatchObject({
    code: 'ERR_RMQ_OFFSET',
  })
  subscription.unsubscribe()
})

it('without autoCommit a group goes on where it was last told to, whatever was handled since', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 5)
  const group = unique('g')
  const begin = () => {
    const options = { group, subscribe: [on(numbers)], startFrom: 'first', autoCommit: false } as const
    const consumer = client.consumer({ ...options, commit: { everyMs: 50 } })
    const seen: number[] = []
    consumer.process$(({ message: { body } }) => void seen.push(body)).subscribe({ error: () => undefined })
    return { consumer, seen, has: (n: number) => expect.poll(() => seen.length, { timeout: 20_000 }).toBe(n) }
  }
  const first = begin()
  await first.has(5)
  await first.consumer.commit()
  await send(client, numbers, 5, 10)
  await first.has(10)
  await firstValueFrom(timer(300)) // several times that long progress is committed, elsewhere
  expect(await first.consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })

  const second = begin()
  await second.has(5)
  expect(second.seen).toEqual([5, 6, 7, 8, 9])
  await second.consumer.close()
})

it('at most once: progress is committed before a message is handed out, so a member that dies loses it', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 0, 10)
  const options = {
    group: unique('g'),
    subscribe: [on(numbers)] as const,
    startFrom: 'first' as const,
    delivery: 'at-most-once' as const,
    flow: { pullBatch: 4, unsettledPerQueue: 4 },
  }
  const seen: number[] = []
  await lastValueFrom(
    client
      .consumer(options)
      .messages$()
      .pipe(
        bufferCount(4),
        tap(batch => seen.push(...batch.map(({ message: { body } }) => body))),
        take(1),
      ),
  )
  await using other = quietClient(cluster)
  const rest = await lastValueFrom(
    other
      .consumer(options)
      .process$(({ message: { body } }) => void seen.push(body))
      .pipe(take(6), toArray()),
  )
  expect(rest).toHaveLength(6)
  expect(seen).toEqual(upTo(10))
})

it('a consumer may be told its queues: it takes these, whoever else is there', async () => {
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster)
  for (const n of upTo(10)) await client.producer().send(message(numbers, n), { select: ({ queues }) => queues[n % 2] })
  const assign = [{ topic: numbers.name, brokerName: 'broker-a', queueId: 1 }]
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first', assign })
  const odd = await lastValueFrom(
    consumer
      .process$(() => from([]))
      .pipe(
        map(({ delivery }) => delivery.message.body),
        take(5),
        toArray(),
      ),
  )
  expect(odd).toEqual([1, 3, 5, 7, 9])
})
