import { firstValueFrom, NEVER, timer } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { message, on } from '../../src/index.ts'
import type { Client, Delivery, Explanation } from '../../src/index.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
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
type Numbers = Awaited<ReturnType<typeof numbersTopic>>
const send = async (client: Client, numbers: Numbers, count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await client.producer().send(message(numbers, n))
}
const optionsOf = (numbers: Numbers) =>
  ({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first', commit: { everyMs: 100 } }) as const
const queueOf = ({ name }: Numbers, queueId = 0) => ({ topic: name, brokerName: 'broker-a', queueId })
const kindsOf = ({ reasons }: Explanation): string => reasons.map(({ kind }) => kind).join(' ')

it('tells which message a queue waits for, which limit stops the pulls, and in the end that nothing is to do', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 20)
  const flow = { unsettledPerQueue: 4, pullBatch: 4 }
  const consumer = client.consumer({ ...optionsOf(numbers), flow })
  const explain = () => consumer.explain(queueOf(numbers))
  expect(explain().reasons).toMatchObject([{ kind: 'not-held', why: 'not-consuming' }])
  expect(consumer.explain(numbers)).toEqual([])

  const inHand: Delivery<string, number>[] = []
  const subscription = consumer
    .messages$()
    .subscribe({ next: delivery => inHand.push(delivery), error: () => undefined })
  await expect.poll(() => kindsOf(explain()), { timeout: 20_000 }).toMatch(/^delivery limit/)
  const stuck = explain()
  expect(stuck.reasons.slice(0, 2)).toMatchObject([
    { delivery: { attempt: 1, state: 'at-work' } },
    { limit: 'unsettledPerQueue', most: 4, taken: 4 },
  ])
  expect([stuck.commitPoint?.toNumber(), stuck.lag]).toEqual([0, 20])
  expect(stuck.sentence).toContain('offset 0 (attempt 1) is not settled: it is in hand for')
  expect(consumer.explain(numbers.name).map(kindsOf)).toEqual([expect.stringMatching(/^delivery limit/)])

  consumer.pause()
  expect(kindsOf(explain())).toMatch(/^delivery paused/)
  consumer.resume()
  await expect
    .poll(
      () => {
        for (const delivery of inHand.splice(0)) delivery.ack()
        return kindsOf(explain())
      },
      { timeout: 20_000 },
    )
    .toBe('caught-up')
  expect(consumer.explain().map(({ queue }) => queue.topic)).toContain(numbers.name)
  subscription.unsubscribe()
})

it('tells what fails in place, how often, for how long and why', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  await send(client, numbers, 3)
  const consumer = client.consumer({ ...optionsOf(numbers), ordering: 'queue' })
  const got = consume(
    consumer,
    ({ message: { body } }) => {
      if (body === 1) throw new Error('one is not for us')
    },
    { suspendMs: 20 },
  )
  await processedCount(got, 1)
  const attempt = () => {
    const [reason] = consumer.explain(queueOf(numbers)).reasons
    return reason?.kind === 'delivery' && reason.delivery.state === 'again' ? reason.delivery.attempt : 0
  }
  await expect.poll(attempt, { timeout: 10_000 }).toBeGreaterThan(2)
  expect(consumer.explain(queueOf(numbers)).sentence).toMatch(
    /offset 1 \(attempt \d+\) is not settled: it is tried again in place and fails for \d+ ms: one is not for us/,
  )
  got.unsubscribe()
})

it('tells whose queue it is not: another has its lock, it was not chosen, or nobody subscribes to it', async () => {
  const numbers = await numbersTopic(2)
  await using client = quietClient(cluster)
  await using other = quietClient(cluster)
  await send(client, numbers, 4)
  const options = { ...optionsOf(numbers), ordering: 'queue', assign: [queueOf(numbers)] } as const
  const first = consume(client.consumer(options), () => NEVER)
  await firstValueFrom(timer(1_000)) // it has the lock
  const consumer = other.consumer(options)
  const second = consume(consumer, () => undefined)
  await expect.poll(() => consumer.explain(queueOf(numbers)).reasons[0]?.kind, { timeout: 10_000 }).toBe('lock')
  expect(consumer.explain(queueOf(numbers, 1)).reasons).toMatchObject([{ kind: 'not-held', why: 'not-chosen' }])
  const elsewhere = { ...queueOf(numbers), topic: 'elsewhere' }
  expect(consumer.explain(elsewhere).reasons).toMatchObject([{ kind: 'not-held', why: 'not-subscribed' }])
  first.unsubscribe()
  second.unsubscribe()

  const unread = client.consumer(optionsOf(numbers))
  const subscription = unread.queues$().subscribe({ error: () => undefined })
  await expect.poll(() => unread.explain(numbers).map(kindsOf), { timeout: 20_000 }).toEqual(['not-read', 'not-read'])
  subscription.unsubscribe()
})

it('tells of a stall in the same words', async () => {
  const numbers = await numbersTopic(1)
  await using client = quietClient(cluster)
  const events = eventsOf(client)
  await send(client, numbers, 1)
  const consumer = client.consumer({ ...optionsOf(numbers), settleTimeoutMs: 500 })
  const got = consume(consumer, () => NEVER)
  const stall = () => ofType(events, 'consumer-failure').find(({ where }) => where === 'stall')
  await expect.poll(stall, { timeout: 20_000 }).toMatchObject({
    error: {
      code: 'ERR_RMQ_STALLED',
      message: expect.stringMatching(/offset 0 \(attempt 1\) is not settled: it is in hand for \d+ ms/) as string,
    },
  })
  got.unsubscribe()
})
