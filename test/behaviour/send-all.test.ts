import { from, lastValueFrom, range, Subject, take, tap, throwError, toArray } from 'rxjs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { message } from '../../src/index.ts'
import type { SendOutcome, Topic } from '../../src/index.ts'
import { failureOf } from '../support/failure.ts'
import { javaQueueOf } from '../support/java-hash.ts'
import { pressedTo } from '../support/pressure.ts'
import { eventsOf, ofType, PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'

/** Two brokers, so that one can be slow while the other is not. */
let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterEach(() => cluster.resumeBroker(1))
afterAll(() => cluster.stop())

const QUEUES = 4 // on each broker
const numbersTopic = () => topicOfNumbers(cluster, QUEUES)
/** A sharding key whose queue is on the broker of that index. */
const keyOn = (broker: 0 | 1): string =>
  ['a', 'b', 'c', 'd', 'e', 'f'].find(key => Math.floor(javaQueueOf(key, 2 * QUEUES) / QUEUES) === broker)!
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
const inputsOf = (outcomes: readonly SendOutcome<number>[]): number[] => outcomes.map(({ input }) => input)
/** A message that cannot be sent, whatever the broker. */
const impossible = (numbers: Topic<string, number>) => message(numbers, 0, { delayLevel: 99 })

it('every input has one outcome, which carries that very input', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const inputs = upTo(500).map(n => ({ n }))
  const outcomes = await lastValueFrom(
    from(inputs).pipe(
      client.producer(PATIENT).sendAll(({ n }) => message(numbers, n)),
      toArray(),
    ),
  )
  expect(outcomes).toHaveLength(500)
  expect(new Set(outcomes.map(({ input }) => input))).toEqual(new Set(inputs))
  const ids = new Map(outcomes.map(({ input, result }) => [result.messageId, input.n]))
  const received = await readAll(client, numbers, { atLeast: 500 })
  expect(received).toHaveLength(500)
  for (const { messageId, body } of received) expect(ids.get(messageId)).toBe(body)
})

it('with keyBy the next send of a key begins after the previous one has ended, and keys do not wait for each other', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const atWork = new Map<number, number>()
  let most = 0
  const keyBy = (n: number): number => n % 5
  const outcomes = await lastValueFrom(
    range(0, 400).pipe(
      client.producer(PATIENT).sendAll(
        n => {
          expect(atWork.has(keyBy(n))).toBe(false)
          atWork.set(keyBy(n), n)
          most = Math.max(most, atWork.size)
          return message(numbers, n, { shardKey: `${keyBy(n)}` })
        },
        { keyBy },
      ),
      tap(({ input }) => atWork.delete(keyBy(input))),
      toArray(),
    ),
  )
  expect(outcomes).toHaveLength(400)
  expect(most).toBe(5)
  const received = await readAll(client, numbers, { atLeast: 400 })
  for (const key of upTo(5)) {
    const bodies = received.filter(({ shardKey }) => shardKey === `${key}`)
    expect(bodies.map(({ body }) => body)).toEqual(upTo(400).filter(n => keyBy(n) === key))
  }
})

it("outcomes come as they happen, or with order: 'source' in the order of their inputs", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const broker of [0, 1] as const) await producer.send(message(numbers, -1, { shardKey: keyOn(broker) }))
  const inputs = [0, 1, 2, 3, 4]
  const toMessage = (n: number) => message(numbers, n, { shardKey: keyOn(n === 0 ? 1 : 0) }) // 0 will be slow
  for (const order of ['completion', 'source'] as const) {
    await cluster.pauseBroker(1)
    const seen: number[] = []
    const ended = lastValueFrom(
      from(inputs).pipe(
        producer.sendAll(toMessage, { order }),
        tap(({ input }) => seen.push(input)),
        toArray(),
      ),
    )
    await pressedTo(producer, { inFlight: 5 })
    await pressedTo(producer, { inFlight: 1 }) // the quick ones are through, in whatever order their broker answered
    const early = order === 'source' ? [] : [1, 2, 3, 4]
    expect(seen.toSorted()).toEqual(early)
    await cluster.resumeBroker(1)
    const all = inputsOf(await ended)
    expect(order === 'source' ? all : [...all.slice(0, 4).toSorted(), ...all.slice(4)]).toEqual(
      order === 'source' ? [0, 1, 2, 3, 4] : [1, 2, 3, 4, 0],
    )
  }
})

it('with order: source what waits behind a slow send counts against the buffer', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  for (const broker of [0, 1] as const) await producer.send(message(numbers, -1, { shardKey: keyOn(broker) }))
  await cluster.pauseBroker(1)
  const inputs = new Subject<number>()
  const ended = lastValueFrom(
    inputs.pipe(
      producer.sendAll(n => message(numbers, n, { shardKey: keyOn(n === 0 ? 1 : 0) }), {
        order: 'source',
        onError: 'continue',
        buffer: { count: 3 },
      }),
      toArray(),
    ),
  )
  for (const n of upTo(8)) {
    inputs.next(n)
    await producer.send(message(numbers, -2, { shardKey: keyOn(0) }))
    await pressedTo(producer, { inFlight: 1 }) // only the slow one
  }
  inputs.complete()
  await cluster.resumeBroker(1)
  const outcomes = await ended
  expect(inputsOf(outcomes)).toEqual(upTo(8))
  const refused = outcomes.filter(outcome => !outcome.ok)
  expect(inputsOf(refused)).toEqual([4, 5, 6, 7])
  for (const { error } of refused) expect(error.code).toBe('ERR_RMQ_OVERFLOW')
})

it("onError 'stop' (the default) sends nothing new after a failure and lists what was not sent", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const sent: number[] = []
  const error = await failureOf(
    range(0, 20).pipe(
      client.producer(PATIENT).sendAll(n => (n === 7 ? impossible(numbers) : message(numbers, n)), { concurrency: 1 }),
      tap(({ input }) => sent.push(input)),
      toArray(),
    ),
  )
  expect(error).toMatchObject({
    code: 'ERR_RMQ_STREAM_STOPPED',
    input: 7,
    sent: 'no',
    cause: { code: 'ERR_RMQ_ILLEGAL' },
  })
  expect(error.unsent).toEqual(upTo(20).slice(8))
  expect(error.message).toContain('12 inputs were not sent')
  expect(sent).toEqual(upTo(7))
  const received = await readAll(client, numbers, { atLeast: 7 })
  expect(received.map(({ body }) => body).sort()).toEqual(upTo(7))
})

it("with sends side by side 'stop' awaits those on the way: every input was sent, failed or is listed", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  for (const order of ['completion', 'source'] as const) {
    const sent: number[] = []
    const error = await failureOf(
      range(0, 1_000).pipe(
        client.producer(PATIENT).sendAll(n => (n % 100 === 99 ? impossible(numbers) : message(numbers, n)), {
          concurrency: 16,
          order,
        }),
        tap(({ input }) => sent.push(input)),
        toArray(),
      ),
    )
    const all = [...sent, error.input, ...error.unsent] as number[]
    expect(all.sort((a, b) => a - b)).toEqual(upTo(1_000))
    expect(error.input).toBe(99)
    expect(sent.length).toBeLessThan(120)
  }
})

it("onError 'continue' makes a failure an outcome and never ends the stream", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const toMessage = (n: number) => {
    if (n === 3) throw new Error('three cannot be made')
    return n === 5 ? impossible(numbers) : message(numbers, n)
  }
  const outcomes = await lastValueFrom(
    range(0, 10).pipe(client.producer(PATIENT).sendAll(toMessage, { onError: 'continue', order: 'source' }), toArray()),
  )
  expect(inputsOf(outcomes)).toEqual(upTo(10))
  expect(outcomes.filter(({ ok }) => !ok)).toMatchObject([
    {
      input: 3,
      error: {
        code: 'ERR_RMQ_ILLEGAL',
        sent: 'no',
        message: expect.stringContaining('three cannot be made') as string,
      },
    },
    { input: 5, error: { code: 'ERR_RMQ_ILLEGAL', sent: 'no' } },
  ])
})

it('an input that finds the buffer full fails; dropping the newest or the oldest is counted and told instead', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  const producer = client.producer(PATIENT)
  const run = (options: object): Promise<readonly SendOutcome<number>[]> =>
    lastValueFrom(
      range(0, 10).pipe(
        producer.sendAll(n => message(numbers, n), { concurrency: 1, ...options, onError: 'continue' }),
        toArray(),
      ),
    )
  const okOf = (outcomes: readonly SendOutcome<number>[]) => inputsOf(outcomes.filter(({ ok }) => ok))
  const failedOf = (outcomes: readonly SendOutcome<number>[]) => outcomes.filter(outcome => !outcome.ok)

  const refusing = await run({ buffer: { count: 4 } })
  expect(okOf(refusing)).toEqual([0, 1, 2, 3, 4])
  expect(failedOf(refusing).map(({ input, error }) => [input, error.code, error.sent])).toEqual(
    [5, 6, 7, 8, 9].map(n => [n, 'ERR_RMQ_OVERFLOW', 'no']),
  )
  expect(ofType(events, 'input-dropped')).toEqual([])

  const newest = await run({ buffer: { count: 4, overflow: 'drop-newest' } })
  expect(okOf(newest)).toEqual([0, 1, 2, 3, 4])
  expect(ofType(events, 'input-dropped')).toHaveLength(5)

  const oldest = await run({ buffer: { count: 4, overflow: 'drop-oldest' } })
  expect(okOf(oldest)).toEqual([0, 6, 7, 8, 9])
  expect(ofType(events, 'input-dropped').slice(5)).toMatchObject(upTo(5).map(() => ({ policy: 'drop-oldest' })))
})

it('a full buffer ends a stream that stops on errors, unless dropping was asked for', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const sent: number[] = []
  const error = await failureOf(
    range(0, 10).pipe(
      producer.sendAll(n => message(numbers, n), { concurrency: 2, buffer: { count: 3 } }),
      tap(({ input }) => sent.push(input)),
      toArray(),
    ),
  )
  expect(error).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', input: 5, cause: { code: 'ERR_RMQ_OVERFLOW' } })
  expect([...sent, ...(error.unsent as number[])].sort()).toEqual([0, 1, 2, 3, 4]) // nothing more was taken

  const dropping = await lastValueFrom(
    range(0, 10).pipe(
      producer.sendAll(n => message(numbers, n), { concurrency: 2, buffer: { count: 3, overflow: 'drop-newest' } }),
      toArray(),
    ),
  )
  expect(inputsOf(dropping).sort()).toEqual([0, 1, 2, 3, 4])
})

it('the failure of the source itself is passed on', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const broken$ = throwError(() => new Error('the source broke'))
  const sendAll = client.producer(PATIENT).sendAll((n: number) => message(numbers, n))
  await expect(lastValueFrom(broken$.pipe(sendAll))).rejects.toThrow('the source broke')
})

it('unsubscribing ends the source and sends nothing that has not begun', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer(PATIENT)
  const outcomes = await lastValueFrom(
    range(0, 50).pipe(
      producer.sendAll(n => message(numbers, n), { concurrency: 1 }),
      take(3),
      toArray(),
    ),
  )
  expect(inputsOf(outcomes)).toEqual([0, 1, 2])
  await producer.flush()
  expect((await readAll(client, numbers, { atLeast: 3 })).length).toBeLessThanOrEqual(4)
})
