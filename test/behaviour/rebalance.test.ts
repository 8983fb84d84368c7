import { firstValueFrom, map, Subject, takeUntil, timer } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, Consumer, Topic } from '../../src/index.ts'
import { consume } from '../support/consuming.ts'
import type { Consuming } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { topicOfNumbers } from '../support/topic-of-numbers.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget({ brokers: 2 })
})
afterAll(() => cluster.stop())

unhandledErrors()

/** Eight queues: four on each of the two brokers. */
const numbersTopic = () => topicOfNumbers(cluster, 4)

interface Member {
  readonly client: Client
  readonly consumer: Consumer
  readonly got: Consuming<never>
  /** The queues of the topic that it holds, as `broker-a:0`. */
  held(): Promise<readonly string[]>
}
const join = (numbers: Topic<string, number>, group: string): Member => {
  const client = quietClient(cluster, { timing: { rebalanceMs: 5_000, routeRefreshMs: 1_000, routeRetryMs: 500 } })
  const consumer = client.consumer({ group, subscribe: [on(numbers)], startFrom: 'first', commit: { everyMs: 500 } })
  const got = consume(consumer, () => timer(1), { concurrency: 32 })
  const held$ = consumer.assignments$.pipe(
    map(({ current }) => current.filter(queue => queue.topic === numbers.name)),
    map(queues => queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)),
  )
  return {
    client,
    consumer: consumer,
    got: got as unknown as Consuming<never>,
    held: () => firstValueFrom(held$),
  }
}
const shares = (members: readonly Member[]): Promise<number[]> =>
  Promise.all(members.map(async member => (await member.held()).length))
const expectShares = (members: readonly Member[], expected: readonly number[]): Promise<unknown> =>
  expect.poll(() => shares(members), { timeout: 20_000, interval: 50 }).toEqual(expected)

/** Sends number after number until stopped; resolves to how many were stored. */
const sendAlong = (client: Client, numbers: Topic<string, number>) => {
  const stops = new Subject<void>()
  const stored: number[] = []
  const over = timer(0, 4)
    .pipe(
      takeUntil(stops),
      client.producer().sendAll(n => message(numbers, n), { onError: 'continue' }),
    )
    .forEach(outcome => {
      if (outcome.ok) stored.push(outcome.input)
    })
  return {
    stored,
    stop: async (): Promise<readonly number[]> => {
      stops.next()
      await over
      return stored
    },
  }
}
const bodiesOf = (members: readonly Member[]): readonly number[] =>
  members.flatMap(({ got }) =>
    got.processed
      .filter(({ settlement }) => settlement === 'acked')
      .map(({ delivery }) => (delivery as { readonly message: { readonly body: number } }).message.body),
  )
const expectAllOf = (stored: readonly number[], members: readonly Member[]): Promise<unknown> =>
  expect
    .poll(
      () => {
        const handled = new Set(bodiesOf(members))
        return stored.filter(n => !handled.has(n))
      },
      { timeout: 40_000, interval: 100 },
    )
    .toEqual([])
const sorted = (names: readonly string[]): readonly string[] => [...names].sort()
const EVERY_QUEUE = ['broker-a', 'broker-b'].flatMap(broker => [0, 1, 2, 3].map(id => `${broker}:${id}`))

it('members that come and go share the queues evenly, and no message is left out', async () => {
  const numbers = await numbersTopic()
  await using sender = quietClient(cluster)
  const sending = sendAlong(sender, numbers)
  const group = unique('g')
  const first = join(numbers, group)
  await expectShares([first], [8])
  const second = join(numbers, group)
  await expectShares([first, second], [4, 4])
  expect(sorted([...(await first.held()), ...(await second.held())])).toEqual(EVERY_QUEUE)
  const third = join(numbers, group)
  const all = [first, second, third]
  await expect.poll(async () => (await shares(all)).sort(), { timeout: 20_000, interval: 50 }).toEqual([2, 3, 3])
  const held = await Promise.all(all.map(member => member.held()))
  expect(sorted(held.flat())).toEqual(EVERY_QUEUE)

  await expect.poll(() => second.got.processed.length).toBeGreaterThan(0) // it may have its queues for a moment only
  expect(await second.consumer.close()).toMatchObject({ forced: false, uncommitted: 0 }) // leaves in order
  await expectShares([first, third], [4, 4])
  third.got.unsubscribe() // leaves at once
  await expectShares([first], [8])
  await expectAllOf(await sending.stop(), all)
  for (const { client } of all) await client.close()
})

it('two members divide the work in the order of AVG: the one with the lower id takes the first queues', async () => {
  const numbers = await numbersTopic()
  const group = unique('g')
  const members = [join(numbers, group), join(numbers, group)].sort((a, b) =>
    a.client.clientId < b.client.clientId ? -1 : 1,
  )
  await expectShares(members, [4, 4])
  const [lower, higher] = await Promise.all(members.map(member => member.held()))
  expect(sorted(lower!)).toEqual(EVERY_QUEUE.slice(0, 4))
  expect(sorted(higher!)).toEqual(EVERY_QUEUE.slice(4))
  for (const { client } of members) await client.close()
})

it('more members than queues: those without a queue wait, and take over when one leaves', async () => {
  const single = topic(unique('single'), codecs.json<number>())
  await cluster.createTopic(single.name, { queues: 1 }) // one on each broker
  await using sender = quietClient(cluster)
  const group = unique('g')
  const members = [join(single, group), join(single, group), join(single, group)]
  await expect.poll(async () => (await shares(members)).sort(), { timeout: 20_000, interval: 50 }).toEqual([0, 1, 1])
  const counts = await shares(members)
  const idle = members[counts.indexOf(0)]!
  const leaving = members.find(member => member !== idle)!
  await leaving.client.close()
  await expect.poll(() => idle.held().then(({ length }) => length), { timeout: 20_000, interval: 50 }).toBe(1)
  const producer = sender.producer()
  for (let n = 0; n < 10; n++) await producer.send(message(single, n))
  await expectAllOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], members)
  for (const { client } of members) await client.close()
})

it('consumers go on by themselves when a broker dies and comes back: nothing is lost, at most something comes twice', async () => {
  const numbers = await numbersTopic()
  await using sender = quietClient(cluster, { timing: { routeRefreshMs: 1_000, routeRetryMs: 500 } })
  const sending = sendAlong(sender, numbers)
  const group = unique('g')
  const members = [join(numbers, group), join(numbers, group)]
  const events = members.map(({ client }) => eventsOf(client))
  await expectShares(members, [4, 4])
  await expect.poll(() => bodiesOf(members).length, { timeout: 20_000 }).toBeGreaterThan(100)

  await cluster.killBroker(1)
  const atDeath = bodiesOf(members).length
  await expect.poll(() => bodiesOf(members).length, { timeout: 20_000 }).toBeGreaterThan(atDeath + 100) // the other broker's
  await cluster.restartBroker(1)
  await expect.poll(() => shares(members), { timeout: 30_000, interval: 50 }).toEqual([4, 4])
  const fromTheReturned = (): number =>
    members
      .flatMap(({ got }) => got.processed)
      .filter(
        ({ delivery }) =>
          (delivery as { readonly queue: { readonly brokerName: string } }).queue.brokerName === 'broker-b',
      ).length
  const atReturn = fromTheReturned()
  await expect.poll(fromTheReturned, { timeout: 40_000, interval: 100 }).toBeGreaterThan(atReturn + 50)

  const stored = await sending.stop()
  expect(stored.length).toBeGreaterThan(200)
  await expectAllOf(stored, members)
  for (const { got } of members) expect(got.isOver()).toBe(false)
  expect(ofType(events.flat(), 'consumer-failure').length).toBeGreaterThan(0) // it was told
  for (const { client } of members) expect(await client.close()).toMatchObject({ forced: false, uncommitted: 0 })
})

it('the only broker dies and comes back: the group goes on where it was', async () => {
  const numbers = await numbersTopic()
  await using sender = quietClient(cluster, { timing: { routeRefreshMs: 1_000, routeRetryMs: 500 } })
  const group = unique('g')
  const members = [join(numbers, group)]
  await expectShares(members, [8])
  const sending = sendAlong(sender, numbers)
  await expect.poll(() => bodiesOf(members).length, { timeout: 20_000 }).toBeGreaterThan(100)
  await Promise.all([cluster.killBroker(0), cluster.killBroker(1)])
  await Promise.all([cluster.restartBroker(0), cluster.restartBroker(1)])
  const back = bodiesOf(members).length
  await expect.poll(() => bodiesOf(members).length, { timeout: 40_000, interval: 100 }).toBeGreaterThan(back + 200)
  await expectAllOf(await sending.stop(), members)
  const reread = bodiesOf(members).length - new Set(bodiesOf(members)).size
  expect(reread).toBeLessThan(bodiesOf(members).length / 2) // it did not begin again from the first message
  for (const { client } of members) await client.close()
})
