import { catchError, EMPTY, from, lastValueFrom, map, mergeMap, range, tap, toArray } from 'rxjs'
import type { Observable } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, isRocketError, message, topic } from '../../src/index.ts'
import type { RocketError, SendOutcome } from '../../src/index.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
let events: number
beforeAll(async () => {
  cluster = await startTarget({ own: true })
  // A real broker takes some seconds to come back, in which each of 64 sends waits out its 3 s; and it starts cold.
  events = cluster.kind === 'embedded' ? 100_000 : 40_000
})
afterAll(() => cluster.stop())

const numbersTopic = () => topicOfNumbers(cluster)

/** Does it when so many outcomes are there; `done` resolves when it is done. */
const after = (count: number, act: () => Promise<void>) => {
  let seen = 0
  let done: Promise<void> = Promise.reject(new Error(`there were no ${count} outcomes`))
  done.catch(() => undefined)
  const note = (): void => {
    if (++seen === count) done = act()
  }
  return { note, done: () => done }
}
/** Kills the broker when so many outcomes are there, and brings it back. */
const restartAfter = (count: number) =>
  after(count, async () => {
    await cluster.killBroker()
    await cluster.restartBroker()
  })

unhandledErrors()

/** What is in the topic is what was told: every success, and beyond that only what `may be` stored. */
const expectStored = async (
  client: ReturnType<typeof quietClient>,
  numbers: ReturnType<typeof topic<string, number>>,
  outcomes: readonly SendOutcome<number>[],
): Promise<void> => {
  const okIds = new Map(outcomes.flatMap(o => (o.ok ? [[o.result.messageId, o.input] as const] : [])))
  const mayBe = new Set(outcomes.flatMap(o => (!o.ok && o.error.sent === 'maybe' ? [o.input] : [])))
  const received = await readAll(client, numbers, { atLeast: okIds.size })
  const missing = new Set(okIds.keys())
  const unexplained = received.filter(({ messageId, body }) => {
    missing.delete(messageId)
    return okIds.get(messageId) !== body && !mayBe.has(body)
  })
  expect(missing).toEqual(new Set())
  expect(unexplained).toEqual([])
}
const failuresOf = (outcomes: readonly SendOutcome<number>[]): readonly RocketError[] =>
  outcomes.flatMap(outcome => (outcome.ok ? [] : [outcome.error]))

it('plain mergeMap over sendOutcome$ gives every event exactly one outcome while the broker dies and comes back', async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const producer = client.producer()
  const restart = restartAfter(events / 4)
  const outcomes = await lastValueFrom(
    range(0, events).pipe(
      mergeMap(event => producer.sendOutcome$(message(numbers, event)), 64),
      map(outcome => ({ ...outcome, input: outcome.input.body })),
      tap(restart.note),
      toArray(),
    ),
  )
  await restart.done()
  expect(outcomes).toHaveLength(events)
  expect(new Set(outcomes.map(({ input }) => input)).size).toBe(events)
  for (const error of failuresOf(outcomes)) expect(['ERR_RMQ_CONNECT', 'ERR_RMQ_TIMEOUT']).toContain(error.code)
  expect(outcomes.filter(({ ok }) => ok).length).toBeGreaterThan(events / 2)
  await expectStored(client, numbers, outcomes)
})

it("sendAll with onError 'continue' gives every event exactly one outcome, too", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const restart = restartAfter(events / 8)
  const options = { onError: 'continue', buffer: { count: events } } as const
  const outcomes = await lastValueFrom(
    range(0, events / 2).pipe(
      client.producer().sendAll(n => message(numbers, n), options),
      tap(restart.note),
      toArray(),
    ),
  )
  await restart.done()
  expect(outcomes).toHaveLength(events / 2)
  expect(new Set(outcomes.map(({ input }) => input)).size).toBe(events / 2)
  await expectStored(client, numbers, outcomes)
})

it("sendAll with onError 'stop' stops at the first failure: every event was sent, failed, or is listed as not sent", async () => {
  const numbers = await numbersTopic()
  await using client = quietClient(cluster)
  const count = 10_000
  const outcomes: SendOutcome<number>[] = []
  let stopped: unknown
  let killed: Promise<void> | undefined
  let restarted: Promise<void> | undefined
  const producer = client.producer({ timeoutMs: 2_000, retries: 0 })
  await lastValueFrom(
    range(0, count).pipe(
      producer.sendAll(n => message(numbers, n)),
      tap(outcome => {
        if (outcomes.push(outcome) === 1_000) killed = cluster.killBroker()
      }),
      catchError((error: unknown): Observable<never> => {
        stopped = error
        restarted = killed?.then(() => cluster.restartBroker())
        return EMPTY
      }),
    ),
    { defaultValue: undefined },
  )
  expect(killed).toBeDefined()
  await restarted
  if (!isRocketError(stopped)) throw new Error('the stream did not stop', { cause: stopped })
  expect(stopped).toMatchObject({ code: 'ERR_RMQ_STREAM_STOPPED', retriable: false })
  expect(stopped.cause).toMatchObject({ code: expect.stringMatching(/ERR_RMQ_(CONNECT|TIMEOUT)/) as string })
  const all = [...outcomes.map(({ input }) => input), stopped.input, ...stopped.unsent] as number[]
  expect(all).toHaveLength(count)
  expect(new Set(all).size).toBe(count)

  const rest = await lastValueFrom(
    from([stopped.input, ...stopped.unsent] as number[]).pipe(
      client.producer(PATIENT).sendAll(n => message(numbers, n)),
      toArray(),
    ),
  )
  const received = await readAll(client, numbers, { atLeast: count })
  expect(new Set(received.map(({ body }) => body)).size).toBe(count) // as the advice says: send those again
  expect(rest.length + outcomes.length).toBe(count)
})

it('a message that one broker cannot take is offered to another, without the caller noticing', async () => {
  const both = await startTarget({ brokers: 2 })
  try {
    const numbers = topic(unique('numbers'), codecs.json<number>())
    await both.createTopic(numbers.name)
    await using client = quietClient(both, { timing: { routeRefreshMs: 500 } })
    const producer = client.producer()
    const count = 2_000
    const kill = after(100, () => both.killBroker(1)) // with some on their way to it
    const sent = await lastValueFrom(
      range(0, count).pipe(
        producer.sendAll(n => message(numbers, n), { concurrency: 4 }),
        tap(kill.note),
        toArray(),
      ),
    )
    await kill.done()
    expect(sent).toHaveLength(count)
    expect(Math.max(...sent.map(({ result }) => result.attempts))).toBe(2)
    expect(new Set(sent.slice(-500).map(({ result }) => result.queue.brokerName))).toEqual(new Set(['broker-a']))
    await both.restartBroker(1)
    await expect
      .poll(async () => (await producer.send(message(numbers, -1))).queue.brokerName, { timeout: 30_000, interval: 50 })
      .toBe('broker-b')
    const received = await readAll(client, numbers, { atLeast: count })
    expect(new Set(received.map(({ body }) => body).filter(n => n >= 0)).size).toBe(count)
  } finally {
    await both.stop()
  }
})
