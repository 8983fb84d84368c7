import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import { consume } from '../support/consuming.ts'
import { eventsOf, ofType, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

unhandledErrors()

const textTopic = async () => {
  const texts = topic(unique('texts'), codecs.text)
  await cluster.createTopic(texts.name, { queues: 2 })
  return texts
}

it('a consumer that runs can subscribe to one topic more, to another filter, and to one topic less', async () => {
  const [first, second] = [await textTopic(), await textTopic()]
  await using client = quietClient(cluster, { timing: { rebalanceMs: 1_000 } })
  const producer = client.producer()
  const send = (to: typeof first, body: string, tag = 'a') => producer.send(message(to, body, { tag }))
  const seen: string[] = []
  const expectSeen = (...bodies: string[]) =>
    expect.poll(() => [...seen].sort(), { timeout: 30_000 }).toEqual([...bodies].sort())
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(first, { tags: 'a' })], startFrom: 'first' })
  const got = consume(consumer, ({ message: { body } }) => void seen.push(body))
  await send(first, 'one')
  await send(first, 'not wanted yet', 'b')
  await expectSeen('one')

  consumer.subscriptions.add(on(second))
  await send(second, 'two')
  await expectSeen('one', 'two')

  consumer.subscriptions.update(on(first, { tags: 'a || b' }))
  await expect
    .poll(
      async () => {
        await send(first, 'wanted now', 'b')
        return seen.includes('wanted now')
      },
      { timeout: 30_000, interval: 200 },
    )
    .toBe(true)

  expect(consumer.subscriptions.remove(second)).toBe(true)
  const held = async () => (await firstValueFrom(consumer.assignments$)).current.map(queue => queue.topic)
  await expect.poll(held, { timeout: 30_000 }).not.toContain(second.name)
  expect(await held()).toContain(first.name)
  expect(got.isOver()).toBe(false)
  await consumer.close()
})

it.each(['auto', 'chosen'] as const)(
  'what was done of a topic is committed when it is subscribed to no more, and does not come again: queues %s',
  async how => {
    const [first, second] = [await textTopic(), await textTopic()]
    await using client = quietClient(cluster, { timing: { commitMs: 1_000_000, rebalanceMs: 1_000 } })
    const events = eventsOf(client)
    const queues = [first, second].flatMap(({ name }) =>
      [0, 1].map(queueId => ({ topic: name, brokerName: 'broker-a', queueId })),
    )
    const consumer = client.consumer({
      group: unique('g'),
      subscribe: [on(first), on(second)],
      startFrom: 'first',
      ...(how === 'chosen' ? { assign: queues } : {}),
    })
    const seen: string[] = []
    consume(consumer, ({ message: { body } }) => void seen.push(body))
    const send = (to: typeof first, body: string) => client.producer().send(message(to, body))
    await send(first, 'one')
    await send(second, 'two')
    await expect.poll(() => [...seen].sort()).toEqual(['one', 'two'])

    const held = async () => (await firstValueFrom(consumer.assignments$)).current.map(queue => queue.topic)
    consumer.subscriptions.remove(second)
    await expect.poll(held).not.toContain(second.name)
    await send(second, 'three')
    await send(first, 'four')
    await expect.poll(() => seen).toContain('four')
    consumer.subscriptions.add(on(second))
    await expect.poll(() => [...seen].sort()).toEqual(['four', 'one', 'three', 'two'])
    expect(ofType(events, 'consumer-failure')).toEqual([])
    await consumer.close()
  },
)

it('members that disagree on their subscriptions are named', async () => {
  const texts = await textTopic()
  await using one = quietClient(cluster, { timing: { heartbeatMs: 500 } })
  await using two = quietClient(cluster, { timing: { heartbeatMs: 500 } })
  const group = unique('g')
  const events = [one, two].map(client => eventsOf(client))
  const got = [
    consume(one.consumer({ group, subscribe: [on(texts, { tags: 'a' })] }), () => undefined),
    consume(two.consumer({ group, subscribe: [on(texts, { tags: 'b' })] }), () => undefined),
  ]
  await expect
    .poll(() => events.flatMap(seen => ofType(seen, 'subscription-conflict')).flatMap(({ conflicts }) => conflicts), {
      timeout: 30_000,
    })
    .toContainEqual(expect.stringContaining(`topic "${texts.name}": this member subscribes to`))
  for (const each of got) each.unsubscribe()
})

it('a member that joins over a connection that is there already does not disagree with itself', async () => {
  const texts = await textTopic()
  await using client = quietClient(cluster, { timing: { heartbeatMs: 300 } })
  const events = eventsOf(client)
  await client.producer().send(message(texts, 'one'))
  const seen: string[] = []
  const consumer = client.consumer({ group: unique('g'), subscribe: [on(texts)], startFrom: 'first' })
  consume(consumer, ({ message: { body } }) => void seen.push(body))
  await expect.poll(() => seen, { timeout: 30_000 }).toEqual(['one'])
  await expect.poll(() => ofType(events, 'heartbeat-confirmed').length, { timeout: 30_000 }).toBeGreaterThan(3)
  expect(ofType(events, 'subscription-conflict')).toEqual([])
  await consumer.close()
})

it('two members of one client id are told so', async () => {
  const texts = await textTopic()
  const clientId = unique('twin')
  await using one = quietClient(cluster, { clientId, timing: { heartbeatMs: 500 } })
  await using two = quietClient(cluster, { clientId, timing: { heartbeatMs: 500 } })
  const group = unique('g')
  const events = [one, two].map(client => eventsOf(client))
  const got = [one, two].map(client => consume(client.consumer({ group, subscribe: [on(texts)] }), () => undefined))
  await expect
    .poll(() => events.flatMap(seen => ofType(seen, 'subscription-conflict')).flatMap(({ conflicts }) => conflicts), {
      timeout: 30_000,
    })
    .toContainEqual(expect.stringContaining(`client id "${clientId}" is used by more than one member`))
  for (const each of got) each.unsubscribe()
})
