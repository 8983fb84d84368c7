import { filter, firstValueFrom, map, ReplaySubject, Subject, take, timer, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Assignments } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { firstWhere } from '../support/first-where.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const numbersTopic = (queues = 4) => topicOfNumbers(cluster, queues)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

it('a consumer of some tags gets exactly the messages with one of them, also when tags share a hash', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const tags = ['Aa', 'BB', 'other', undefined] // Java's hash of "Aa" is that of "BB"
  const sending = upTo(80).map(n => {
    const tag = tags[n % 4]
    return producer.send(message(numbers, n, tag === undefined ? {} : { tag }))
  })
  await Promise.all(sending)
  for (const [expression, wanted] of [
    ['Aa', ['Aa']],
    ['BB || other', ['BB', 'other']],
    ['*', tags],
  ] as const) {
    const consumer = client.consumer({
      group: unique('g'),
      subscribe: [on(numbers, { tags: expression })],
      startFrom: 'first',
    })
    const got = consume(consumer, () => undefined)
    await processedCount(got, wanted.length * 20)
    await firstValueFrom(timer(100))
    const expected = upTo(80).filter(n => (wanted as readonly unknown[]).includes(tags[n % 4]))
    expect(got.processed.map(({ delivery }) => delivery.message.body).sort((a, b) => a - b)).toEqual(expected)
    await consumer.close()
  }
})

it('filtered messages do not stop the progress of a group', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const n of upTo(10)) await producer.send(message(numbers, n, { tag: 'unwanted' }))
  const consumer = client.consumer({
    group: unique('g'),
    subscribe: [on(numbers, { tags: 'wanted' })],
    startFrom: 'first',
  })
  const got = consume(consumer, () => undefined)
  await producer.send(message(numbers, 10, { tag: 'wanted' }))
  await processedCount(got, 1)
  const [progress] = (await firstValueFrom(consumer.lag$())).filter(({ queue }) => queue.topic === numbers.name)
  expect(progress).toMatchObject({ lag: 0, unsettled: 0 })
  expect(progress!.commitPoint.toString()).toBe('11')
})

it('one consumer takes two topics, each with its own kind of values', async () => {
  const orders = topic(unique('orders'), codecs.json<{ readonly cents: number }>())
  const notes = topic(unique('notes'), codecs.text)
  await cluster.createTopic(orders.name, { queues: 2 })
  await cluster.createTopic(notes.name, { queues: 3 })
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(orders), on(notes)], startFrom: 'first' })
  const cents: number[] = []
  const texts: string[] = []
  const got = consume(consumer, delivery => {
    if (delivery.topic === orders.name) cents.push((delivery.message.body as { readonly cents: number }).cents)
    else texts.push(delivery.message.body as string)
  })
  for (const n of upTo(5)) await producer.send(message(orders, { cents: n }))
  for (const n of upTo(5)) await producer.send(message(notes, `note ${n}`))
  await processedCount(got, 10)
  expect(cents.sort()).toEqual([0, 1, 2, 3, 4])
  expect(texts.sort()).toEqual(upTo(5).map(n => `note ${n}`))
  const held = await firstValueFrom(consumer.assignments$)
  expect(held.current.filter(({ topic: name }) => !name.startsWith('%RETRY%'))).toHaveLength(5)
})

it('never more handlers run at once than concurrency says, and as many as it says', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  await Promise.all(upTo(60).map(n => producer.send(message(numbers, n))))
  for (const concurrency of [1, 7]) {
    let running = 0
    let most = 0
    const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    const handler = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await firstValueFrom(timer(5))
      running--
    }
    const got = consume(consumer, handler, { concurrency })
    await processedCount(got, 60)
    expect(most).toBe(concurrency)
    await consumer.close()
  }
})

it("keyBy: 'queue' handles each queue in its order, one message at a time, and queues side by side", async () => {
  const numbers = await numbersTopic(4)
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const n of upTo(80)) await producer.send(message(numbers, n))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const running = new Set<number>()
  const sideBySide = new ReplaySubject<void>(1) // from when on all four are at work
  const order = new Map<number, number[]>()
  const got = consume(
    consumer,
    async ({ queue: { queueId }, message: { body, queueOffset } }) => {
      expect(running.has(queueId)).toBe(false)
      running.add(queueId)
      if (running.size === 4) sideBySide.next()
      order.set(queueId, [...(order.get(queueId) ?? []), queueOffset.toNumber()])
      await firstValueFrom(sideBySide)
      await firstValueFrom(timer(body % 3)) // so that an unordered consumer would mix them up
      running.delete(queueId)
    },
    { keyBy: 'queue', concurrency: 16 },
  )
  await processedCount(got, 80)
  expect(got.processed.every(({ settlement }) => settlement === 'acked')).toBe(true)
  for (const queueId of [0, 1, 2, 3]) expect(order.get(queueId)).toEqual(upTo(20))
})

it('keyBy with a function keeps the order of each key, whatever the concurrency', async () => {
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const n of upTo(90)) await producer.send(message(numbers, n, { shardKey: `${n % 9}` }))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const finished = new Map<number, number[]>()
  const got = consume(
    consumer,
    async ({ message: { body } }) => {
      await firstValueFrom(timer((body * 7) % 5))
      finished.set(body % 9, [...(finished.get(body % 9) ?? []), body])
    },
    { keyBy: delivery => delivery.message.body % 9, concurrency: 16 },
  )
  await processedCount(got, 90)
  for (const key of upTo(9)) expect(finished.get(key)).toEqual(upTo(90).filter(n => n % 9 === key))
})

it('a consumer waits for a topic that does not exist yet, and begins when it is there', async () => {
  const late = topic(unique('late'), codecs.text)
  await using client = quietClient(cluster, { timing: { routeRetryMs: 200 } })
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(late)], startFrom: 'first' })
  const got = consume(consumer, () => undefined)
  await firstValueFrom(timer(500))
  expect(got.isOver()).toBe(false)
  await cluster.createTopic(late.name, { queues: 1 })
  await using another = quietClient(cluster)
  await another.producer(PATIENT).send(message(late, 'at last'))
  await processedCount(got, 1)
  expect(got.processed[0]!.delivery.message.body).toBe('at last')
})

it('lag$ counts what is stored and not yet handled, to zero when all is done', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const n of upTo(20)) await producer.send(message(numbers, n))
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
  const progress$ = consumer.lag$(20).pipe(map(queues => queues.find(({ queue }) => queue.topic === numbers.name)))
  expect(await firstValueFrom(consumer.lag$())).toEqual([]) // holds nothing
  const permits = new Subject<void>()
  const got = consume(consumer, () => permits.pipe(take(1)), { concurrency: 1 })

  // Nothing was handled, so a lag other than all 20 would be an invention, also before the first pull is answered.
  const first = await firstWhere(progress$, progress => progress !== undefined)
  expect(first?.lag).toBe(20)
  await expect.poll(async () => (await firstValueFrom(progress$))?.unsettled).toBe(20)
  for (let n = 1; n <= 5; n++) {
    permits.next()
    await processedCount(got, n)
  }
  const five = await firstValueFrom(progress$)
  expect(five).toMatchObject({ lag: 15, unsettled: 15 })
  expect([five!.commitPoint, five!.nextOffset, five!.maxOffset].map(String)).toEqual(['5', '20', '20'])
  const done = processedCount(got, 20)
  const releasing = timer(0, 5).subscribe(() => permits.next())
  await done
  releasing.unsubscribe()
  expect(await firstValueFrom(progress$)).toMatchObject({ lag: 0, unsettled: 0 })
})

it('assignments$ tells what is held at once, and each change with what came and what went', async () => {
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster, { timing: { routeRefreshMs: 300 } })
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(numbers)] })
  const seen: Assignments[] = []
  consumer.assignments$
    .pipe(
      map(({ current, added, removed, reason }) => {
        const ours = (queues: Assignments['current']) => queues.filter(({ topic: name }) => name === numbers.name)
        return { current: ours(current), added: ours(added), removed: ours(removed), reason }
      }),
      filter(({ added, removed }, n) => n === 0 || added.length + removed.length > 0), // the retry topic is not ours
    )
    .subscribe(assignments => seen.push(assignments))
  const idsOf = (queues: Assignments['current'] = []) => queues.map(({ queueId }) => queueId)
  expect(seen).toEqual([{ current: [], added: [], removed: [], reason: 'none' }])
  const got = consume(consumer, () => undefined)
  await expect.poll(() => idsOf(seen.at(-1)?.current)).toEqual([0, 1])
  expect(idsOf(seen.at(-1)?.added)).toEqual([0, 1])
  expect(seen.at(-1)?.reason).toBe('joined')

  await cluster.createTopic(numbers.name, { queues: 4 }) // the topic grows
  await expect.poll(() => idsOf(seen.at(-1)?.current), { timeout: 10_000 }).toEqual([0, 1, 2, 3])
  expect(idsOf(seen.at(-1)?.added)).toEqual([2, 3]) // 0 and 1 were held before
  expect(idsOf(seen.at(-1)?.removed)).toEqual([])
  expect(seen.at(-1)?.reason).toBe('rebalance')

  got.unsubscribe() // it commits and leaves, then it holds nothing
  await expect.poll(() => idsOf(seen.at(-1)?.current)).toEqual([])
  expect(seen.at(-1)?.reason).toBe('left')
  expect(idsOf(seen.at(-1)?.removed)).toEqual([0, 1, 2, 3])
  const rest = firstValueFrom(consumer.assignments$.pipe(toArray()))
  await consumer.close()
  expect((await rest).map(({ current }) => current)).toEqual([[]])
})
