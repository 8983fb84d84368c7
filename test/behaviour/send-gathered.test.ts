import { Readable } from 'node:stream'
import { from, lastValueFrom, range, Subject, take, tap, toArray } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { pressedTo } from '../support/pressure.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ own: true })
})
afterEach(() => cluster.resumeBroker())
afterAll(() => cluster.stop())

const numbersTopic = () => topicOfNumbers(cluster)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const byPlace = <M extends { readonly queueOffset: { compare(other: unknown): number } }>(
  messages: readonly M[],
): M[] => messages.toSorted((a, b) => a.queueOffset.compare(b.queueOffset))

it('inputs that gather in requests have one outcome each, in the order of their inputs if asked for', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const inputs = upTo(3_000).map(n => ({ n }))
  const outcomes = await lastValueFrom(
    from(inputs).pipe(
      client.producer(PATIENT).sendAll(({ n }) => message(numbers, n), { batch: {}, order: 'source' }),
      toArray(),
    ),
  )
  expect(outcomes.map(({ input }) => input)).toEqual(inputs)
  const ids = new Map(outcomes.map(({ input, result }) => [result.messageId, input.n]))
  expect(ids.size).toBe(3_000)
  const received = await readAll(client, numbers, { atLeast: 3_000 })
  expect(received).toHaveLength(3_000)
  for (const { messageId, body } of received) expect(ids.get(messageId)).toBe(body)
})

for (const [what, shardKey] of [
  ['of a sharding key, without being asked', (n: number) => `${n % 7}`],
  ['of a key, also when some cannot share a request', undefined],
] as const) {
  it(`messages ${what} stay in order, and arrive in fewer requests than there are messages`, async () => {
    const numbers = await numbersTopic()
    await using client = quietClient(cluster)
    const keyOf = (n: number): string => `${n % 7}`
    const ended: number[] = []
    const outcomes = await lastValueFrom(
      range(0, 2_000).pipe(
        client.producer(PATIENT).sendAll(
          n =>
            message(numbers, n, {
              shardKey: keyOf(n),
              ...(shardKey === undefined && n % 50 === 49 ? { waitForStore: false } : {}),
              ...(shardKey === undefined && n === 1_000 ? { properties: { large: 'x'.repeat(20_000) } } : {}),
            }),
          { batch: { maxCount: 32 }, ...(shardKey === undefined ? { keyBy: keyOf } : {}) },
        ),
        tap(({ input }) => ended.push(input)),
        toArray(),
      ),
    )
    expect(outcomes).toHaveLength(2_000)
    const received = await readAll(client, numbers, { atLeast: 2_000 })
    for (const key of upTo(7).map(String)) {
      const own = upTo(2_000).filter(n => keyOf(n) === key)
      expect(byPlace(received.filter(one => one.shardKey === key)).map(({ body }) => body)).toEqual(own)
      expect(ended.filter(n => keyOf(n) === key)).toEqual(own)
    }
  })
}

it('what cannot share a request goes alone, as a plain send: delays, bodies that are compressed', async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 1 })
  await using client = quietClient(cluster)
  const large = 'large '.repeat(1_000)
  const outcomes = await lastValueFrom(
    range(0, 40).pipe(
      client
        .producer(PATIENT)
        .sendAll(n => message(texts, n % 10 === 9 ? large : `${n}`, n % 10 === 5 ? { delayLevel: 1 } : {}), {
          batch: {},
        }),
      toArray(),
    ),
  )
  expect(outcomes).toHaveLength(40)
  const received = await readAll(client, texts, { atLeast: 40 })
  expect(received.filter(({ body }) => body === large)).toHaveLength(4)
  expect(new Set(received.map(({ messageId }) => messageId))).toEqual(
    new Set(outcomes.map(({ result }) => result.messageId)),
  )
})

it('while one request is on the way others gather, and an idle stream sends at once', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const inputs = new Subject<number>()
  const seen: number[] = []
  const ended = lastValueFrom(
    inputs.pipe(
      producer.sendAll(n => message(numbers, n), { batch: { lingerMs: 60_000 } }),
      tap(({ input }) => seen.push(input)),
      toArray(),
    ),
  )
  inputs.next(0)
  await expect.poll(() => seen).toEqual([0]) // nobody lingers alone
  await cluster.pauseBroker()
  inputs.next(1)
  await pressedTo(producer, { inFlight: 1 })
  for (const n of [2, 3, 4]) inputs.next(n)
  await cluster.resumeBroker()
  await expect.poll(() => seen.length).toBe(5) // long before they have waited a minute
  inputs.complete()
  const places = (await ended).slice(2).map(({ result }) => `${result.queue.queueId} ${result.queueOffset.toNumber()}`)
  const [queue, first] = places[0]!.split(' ').map(Number)
  expect(places).toEqual([0, 1, 2].map(i => `${queue} ${first! + i}`)) // one request
})

it('a failure stops what gathers as well: every input was sent, is the one that failed, or is listed in order', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const sent: number[] = []
  const error = await failureOf(
    range(0, 2_000).pipe(
      client.producer(PATIENT).sendAll(n => message(numbers, n, n === 700 ? { delayLevel: 99 } : { shardKey: 'k' }), {
        batch: { maxCount: 10 },
        concurrency: 4,
      }),
      tap(({ input }) => sent.push(input)),
      toArray(),
    ),
  )
  expect(error).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', input: 700, cause: { code: 'ERR_RMQ_ILLEGAL' } })
  expect([...sent, ...(error.unsent as number[])]).toEqual(upTo(2_000).filter(n => n !== 700))
  expect(sent.length).toBeLessThan(700)
})

it('sendFrom$ gathers from what can be pulled: arrays, generators, Node streams', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  async function* slowly() {
    for (const n of upTo(300)) {
      if (n % 100 === 0) await new Promise(resolve => setTimeout(resolve, 5)) // idle for a while
      yield n
    }
  }
  const options = { batch: { maxCount: 20 }, concurrency: 4, keyBy: () => 'all' }
  for (const source of [upTo(300), slowly(), Readable.from(upTo(300))]) {
    const outcomes = await lastValueFrom(
      producer.sendFrom$(source as Iterable<number>, n => message(numbers, n), options).pipe(toArray()),
    )
    expect(outcomes.map(({ input }) => input)).toEqual(upTo(300))
  }
})

it('unsubscribed, it reads no further and starts nothing more', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  let read = 0
  function* endless() {
    for (;;) yield read++
  }
  await lastValueFrom(
    producer
      .sendFrom$(endless(), n => message(numbers, n), { batch: { maxCount: 10 }, concurrency: 3 })
      .pipe(take(100), toArray()),
  )
  await producer.flush()
  expect(read).toBeLessThanOrEqual(100 + 2 * 30)
})
