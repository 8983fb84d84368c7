import { firstValueFrom, NEVER, retry, Subject, take, timer, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, StartFrom, Topic } from '../../src/index.ts'
import { caughtUp, consume, processedCount, started } from '../support/consuming.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const NOTHING_LEFT = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
/** A topic with the numbers from 0 on, in one queue unless told otherwise. */
const numbersTopic = async (client: Client, count: number, queues = 1) => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  await cluster.createTopic(numbers.name, { queues })
  const producer = client.producer(PATIENT)
  for (const n of upTo(count)) await producer.send(message(numbers, n))
  return numbers
}
const consumerOf = (client: Client, numbers: Topic<string, number>, group: string, startFrom: StartFrom = 'first') =>
  client.consumer({ group, subscribe: [on(numbers)], startFrom })
/** A broker of 4.9 answers 0 for a new group while the first message of a queue is in memory: the group starts there. */
const startsYoungQueuesAtZero = (): boolean => cluster.version.startsWith('4.')
const bodiesOf = (got: {
  readonly processed: readonly { readonly delivery: { readonly message: { readonly body: number } } }[]
}) => got.processed.map(({ delivery }) => delivery.message.body)

it('`until` finishes what runs, commits and completes: a later member begins exactly after it', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 30)
  const group = unique('g')
  const stops = new Subject<void>()
  let finished = 0
  const handler = async (): Promise<void> => {
    await firstValueFrom(timer(40))
    finished++
  }
  const first = consume(consumerOf(client, numbers, group), handler, { concurrency: 4, until: stops })
  await processedCount(first, 9)
  stops.next()
  await first.over
  expect(first.failure()).toBeUndefined()
  expect(finished).toBe(first.processed.length) // nothing that ran was cut off
  expect(first.processed.length).toBeLessThan(30)
  expect(first.processed.every(({ settlement }) => settlement === 'acked')).toBe(true)

  await using later = quietClient(cluster)
  const second = consume(consumerOf(later, numbers, group), () => undefined)
  await processedCount(second, 30 - first.processed.length)
  await firstValueFrom(timer(200))
  const all = [...bodiesOf(first), ...bodiesOf(second)]
  expect(all.sort((a, b) => a - b)).toEqual(upTo(30))
  expect(bodiesOf(second)[0]).toBe(first.processed.length)
})

it('`until` that emits while a message is being handed over ends soon, too, and loses nothing', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 30)
  const group = unique('g')
  const stops = new Subject<void>()
  const startedAt = Date.now()
  const handler = ({ message: { body } }: { readonly message: { readonly body: number } }): void => {
    if (body === 3) stops.next()
  }
  const first = consume(consumerOf(client, numbers, group), handler, { until: stops, concurrency: 1 })
  await first.over
  expect(Date.now() - startedAt).toBeLessThan(20_000)
  const second = consume(consumerOf(client, numbers, group), () => undefined)
  await processedCount(second, 30 - first.processed.length)
  expect([...bodiesOf(first), ...bodiesOf(second)].sort((a, b) => a - b)).toEqual(upTo(30))
})

it('`until` may be a promise, and may be fulfilled before anything was handled', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 3)
  const got = consume(consumerOf(client, numbers, unique('g')), () => undefined, { until: Promise.resolve('stop') })
  await got.over
  expect(got.failure()).toBeUndefined()
})

it('close() of a consumer acts as `until`, tells what was left, and is final', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 12)
  const group = unique('g')
  const consumer = consumerOf(client, numbers, group)
  const got = consume(consumer, () => timer(20), { concurrency: 2 })
  await processedCount(got, 4)
  const report = await consumer.close()
  expect(report).toEqual(NOTHING_LEFT)
  expect(got.isOver()).toBe(true)
  expect(await consumer.close()).toBe(report)
  expect(await failureOf(consumer.process$(() => undefined))).toMatchObject({ code: 'ERR_RMQ_CLOSED' })
  const rest = consume(consumerOf(client, numbers, group), () => undefined)
  await processedCount(rest, 12 - got.processed.length)
  expect(bodiesOf(rest)[0]).toBe(got.processed.length)
})

it('close() waits no longer than drainMs for handlers, and reports them: their messages come again', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 5)
  const group = unique('g')
  const consumer = consumerOf(client, numbers, group)
  const aborted: unknown[] = []
  const got = consume(
    consumer,
    ({ message: { body }, signal }) => {
      signal.addEventListener('abort', () => aborted.push(body))
      return body === 1 ? NEVER : undefined
    },
    { concurrency: 1 },
  )
  await processedCount(got, 1)
  const startedAt = Date.now()
  const report = await consumer.close({ drainMs: 300 })
  expect(Date.now() - startedAt).toBeLessThan(5_000)
  expect(report).toMatchObject({ forced: true })
  expect(report.unsettled).toBeGreaterThanOrEqual(1)
  expect(aborted).toEqual([1])
  const rest = consume(consumerOf(client, numbers, group), () => undefined)
  await processedCount(rest, 4)
  expect(bodiesOf(rest)).toEqual([1, 2, 3, 4])
})

it('unsubscribing stops at once: running handlers are cut off, and what was in hand comes again as attempt 1', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 6)
  const consumer = consumerOf(client, numbers, unique('g'))
  let running = 0
  const got = consume(
    consumer,
    ({ message: { body } }) => {
      if (body < 2) return
      running++
      return NEVER
    },
    { concurrency: 2 },
  )
  await expect.poll(() => running).toBe(2)
  got.unsubscribe()
  const again = consume(consumer, () => undefined)
  await processedCount(again, 4)
  expect(got.processed).toHaveLength(2)
  expect(bodiesOf(again)).toEqual([2, 3, 4, 5])
  expect(again.processed.map(({ delivery }) => delivery.attempt)).toEqual([1, 1, 1, 1])
})

it('a group goes on where it committed: nothing twice, nothing left out, whatever client it runs in', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 10, 4)
  const before = startsYoungQueuesAtZero() ? upTo(10) : []
  const group = unique('g')
  const seen: number[] = []
  for (const round of [0, 1, 2]) {
    await using member = quietClient(cluster)
    const events = eventsOf(member)
    const consumer = consumerOf(member, numbers, group, 'last') // matters only to a group without offsets
    const beginning = started(member, 4)
    const got = consume(consumer, () => undefined)
    await beginning
    const reasons = ofType(events, 'start-position').filter(({ queue }) => queue.topic === numbers.name)
    const isNew = round === 0 && !startsYoungQueuesAtZero()
    expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set([isNew ? 'last' : 'committed']))
    for (const n of upTo(10)) await client.producer(PATIENT).send(message(numbers, 100 * round + n))
    await processedCount(got, round === 0 ? before.length + 10 : 10)
    await firstValueFrom(timer(100))
    seen.push(...bodiesOf(got))
    expect(await consumer.close()).toEqual(NOTHING_LEFT)
  }
  const sent = [0, 100, 200].flatMap(base => upTo(10).map(n => base + n))
  expect(seen.sort((a, b) => a - b)).toEqual([...before, ...sent].sort((a, b) => a - b))
})

it('progress is committed also while a consumer runs', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 10)
  const group = unique('g')
  const consumer = client.consumer({ group, subscribe: [on(numbers)], startFrom: 'first', commit: { everyMs: 100 } })
  const got = consume(consumer, () => undefined)
  await processedCount(got, 10)
  const committed = async (): Promise<string | undefined> =>
    (await firstValueFrom(consumer.lag$())).find(({ queue }) => queue.topic === numbers.name)?.committed?.toString()
  await expect.poll(committed).toBe('10')
})

it('a new group begins with the first message, with the next one, or at a time', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 10)
  await firstValueFrom(timer(60))
  const between = new Date()
  await firstValueFrom(timer(60))
  const producer = client.producer(PATIENT)
  for (const n of upTo(10)) await producer.send(message(numbers, 10 + n))

  const members = {
    first: 'first',
    last: 'last',
    between,
    'a time to come': new Date(Date.now() + 3_600_000),
    'a time long ago': new Date(0),
  } as const
  const running = Object.entries(members).map(async ([name, startFrom]) => {
    const member = quietClient(cluster)
    const beginning = started(member, 1)
    const got = consume(consumerOf(member, numbers, unique('g'), startFrom), () => undefined, { concurrency: 1 })
    await beginning
    return { name, member, got }
  })
  const everyone = await Promise.all(running)
  await producer.send(message(numbers, 99))
  for (const { got } of everyone) await expect.poll(() => bodiesOf(got).at(-1)).toBe(99)
  const all = [...upTo(20), 99]
  const first = startsYoungQueuesAtZero() ? { last: all, between: all, 'a time to come': all } : {}
  expect(Object.fromEntries(everyone.map(({ name, got }) => [name, bodiesOf(got)]))).toEqual({
    first: all,
    last: [99],
    between: [...upTo(20).slice(10), 99],
    'a time to come': [99], // what is sent from now on
    'a time long ago': all,
    ...first,
  })
  for (const { member } of everyone) await member.close()
})

it('a second subscription to a consumer, or to its group in one client, fails and does not disturb the first', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 1)
  const group = unique('g')
  const consumer = consumerOf(client, numbers, group)
  const got = consume(consumer, () => undefined)
  for (const second of [consumer, consumerOf(client, numbers, group)]) {
    const error = await failureOf(second.process$(() => undefined))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ALREADY_CONSUMING', sent: 'no', retriable: false })
    expect(error.message).toContain(group)
  }
  await client.producer(PATIENT).send(message(numbers, 1))
  await processedCount(got, 2)
  expect(got.isOver()).toBe(false)
})

it('a subscription that follows another waits until that one has left, so that it goes on where the former stood', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 40)
  const consumer = consumerOf(client, numbers, unique('g'))
  const all: number[] = []
  for (const times of [1, 2, 3, 4]) {
    const part = await firstValueFrom(
      consumer.process$(() => undefined, { concurrency: 1 }).pipe(take(5), toArray()), // unsubscribes, subscribes again
    )
    all.push(...part.map(({ delivery }) => delivery.message.body))
    expect(all).toEqual(upTo(5 * times))
  }
})

it('retry() around process$ with onError: stop goes on with the message that failed', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 5)
  const consumer = consumerOf(client, numbers, unique('g'))
  const tried: number[] = []
  const done = await firstValueFrom(
    consumer
      .process$(
        ({ message: { body } }) => {
          tried.push(body)
          if (body === 2 && tried.filter(n => n === 2).length < 3) throw new Error('again')
        },
        { onError: 'stop', concurrency: 1 },
      )
      .pipe(retry(5), take(7), toArray()),
  )
  expect(tried).toEqual([0, 1, 2, 2, 2, 3, 4])
  expect(done.map(({ settlement }) => settlement)).toEqual([
    'acked',
    'acked',
    'released',
    'released',
    'acked',
    'acked',
    'acked',
  ])
})

it('a consumer that has nothing to do any more says so', async () => {
  await using client = quietClient(cluster)
  const numbers = await numbersTopic(client, 20, 2)
  const consumer = consumerOf(client, numbers, unique('g'))
  const got = consume(consumer, () => timer(5))
  await caughtUp(consumer)
  expect(bodiesOf(got).sort((a, b) => a - b)).toEqual(upTo(20))
})
