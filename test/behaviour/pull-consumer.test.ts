import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { message, on, queueKey, topic } from '../../src/index.ts'
import type { Client, Inbound, PullConsumer, QueueRef, Topic } from '../../src/index.ts'
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

type Numbers = Topic<string, number>
const numbersTopic = (queues: number) => topicOfNumbers(cluster, queues)
const send = async (client: Client, numbers: Numbers, from: number, to: number, tag?: string) => {
  const producer = client.producer()
  for (let n = from; n < to; n++) {
    await producer.send(message(numbers, n, tag === undefined ? {} : { tag }), {
      select: ({ queues }) => queues[n % queues.length],
    })
  }
}
const bodies = (messages: readonly Inbound[]) => messages.map(({ body }) => body)
const sorted = (numbers: readonly unknown[]) => [...(numbers as number[])].sort((a, b) => a - b)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
/** Polls until there are so many. */
const polled = async (consumer: PullConsumer, count: number): Promise<readonly unknown[]> => {
  const all: unknown[] = []
  for (let tries = 0; all.length < count && tries < 40; tries++) all.push(...bodies(await consumer.poll(1_000)))
  return all
}
const queuesOf = (client: Client, numbers: Numbers, count: number): Promise<readonly QueueRef[]> =>
  firstValueFrom(client.queues$(numbers)).then(queues => {
    expect(queues).toHaveLength(count)
    return queues
  })

describe('a pull consumer', () => {
  it('hands out what its group has not consumed, and an empty list when nothing comes in time', async () => {
    const numbers = await numbersTopic(2)
    await using client = quietClient(cluster)
    await send(client, numbers, 0, 30)
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    expect(sorted(await polled(consumer, 30))).toEqual(upTo(30))
    expect(await consumer.poll(100)).toEqual([])
    await send(client, numbers, 30, 31)
    expect(await polled(consumer, 1)).toEqual([30])
    expect(await consumer.close()).toMatchObject({ forced: false, unsettled: 0, uncommitted: 0 })
    await expect(consumer.poll(10)).rejects.toMatchObject({ code: 'ERR_RMQ_CLOSED' })
  })

  it('can subscribe to one topic more, and to one less, between two polls', async () => {
    const [first, second] = [await numbersTopic(1), await numbersTopic(1)]
    await using client = quietClient(cluster, { timing: { rebalanceMs: 1_000 } })
    await send(client, first, 0, 2)
    await send(client, second, 10, 12)
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(first)], startFrom: 'first' })
    expect(await polled(consumer, 2)).toEqual([0, 1])
    expect(consumer.subscriptions.add(on(second))).toBe(true)
    expect(await polled(consumer, 2)).toEqual([10, 11])
    expect(consumer.subscriptions.remove(first)).toBe(true)
    const held = async () => (await firstValueFrom(consumer.assignments$)).current.map(({ topic }) => topic)
    await expect.poll(held).toEqual([second.name])
    await send(client, first, 2, 3)
    await send(client, second, 12, 13)
    expect(await polled(consumer, 1)).toEqual([12])
    expect(await consumer.close()).toMatchObject({ forced: false, unsettled: 0 })
  })

  it('by itself commits at a poll what earlier ones handed out, and never what the last one did', async () => {
    const numbers = await numbersTopic(1)
    await using client = quietClient(cluster)
    await send(client, numbers, 0, 6)
    const group = unique('g')
    const options = { group, subscribe: [on(numbers)], startFrom: 'first', commit: { everyMs: 50 } } as const
    const flow = { pullBatch: 3 }
    const consumer = client.pullConsumer({ ...options, flow })
    const [queue] = await consumer.start()
    if (queue === undefined) throw new Error('no queue was shared out')
    expect(bodies(await consumer.poll())).toEqual([0, 1, 2])
    expect((await client.committedOffset(group, queue))?.toNumber() ?? 0).toBe(0)
    expect(bodies(await consumer.poll())).toEqual([3, 4, 5])
    await expect.poll(async () => (await client.committedOffset(group, queue))?.toNumber()).toBe(3)
    expect((await consumer.committed(queue))?.toNumber()).toBe(3)
    await consumer.close()

    const again = client.pullConsumer(options)
    expect(bodies(await again.poll())).toEqual([3, 4, 5])
    await again.close()
  })

  it('without autoCommit commits only when it is told: all, some queues, or offsets', async () => {
    const numbers = await numbersTopic(2)
    await using client = quietClient(cluster)
    const group = unique('g')
    await send(client, numbers, 0, 10)
    const consumer = client.pullConsumer({
      group,
      subscribe: [on(numbers)],
      startFrom: 'first',
      autoCommit: false,
      commit: { everyMs: 50 },
    })
    const committed = async () =>
      (await Promise.all(queues.map(queue => client.committedOffset(group, queue)))).map(at => at?.toNumber() ?? 0)
    const queues = await queuesOf(client, numbers, 2)
    const [first, second] = queues as readonly [QueueRef, QueueRef]
    await polled(consumer, 10)
    await consumer.poll(200)
    expect(await committed()).toEqual([0, 0])
    await consumer.commit([first])
    expect(await committed()).toEqual([5, 0])
    await consumer.commit([
      { queue: first, offset: 2 },
      { queue: second, offset: '3' },
    ])
    expect(await committed()).toEqual([2, 3])
    await consumer.commit()
    expect(await committed()).toEqual([5, 5])
    await expect(consumer.commit([{ ...first, queueId: 77 }])).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
    await expect(consumer.commit([{ queue: first, offset: -1 }])).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
    expect(await committed()).toEqual([5, 5])
    await consumer.close()
  })

  it('goes on from another place: the first, the last, a time, an offset; not one outside of the queue', async () => {
    const numbers = await numbersTopic(1)
    await using client = quietClient(cluster)
    await send(client, numbers, 0, 10)
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    const [sought] = await consumer.seek(7) // before the first poll
    expect(sought?.offset.toNumber()).toBe(7)
    expect(await polled(consumer, 3)).toEqual([7, 8, 9])
    await consumer.seek('first')
    const all = await polled(consumer, 10)
    expect(all).toEqual(upTo(10))
    await consumer.seek('last')
    expect(await consumer.poll(200)).toEqual([])
    const queue = sought?.queue as QueueRef
    const [middle] = (await client.pull(queue, { offset: 4, max: 1 })).messages
    const at = middle?.storedAt as Date
    const found = await consumer.offsetForTimestamp(queue, at)
    expect(found.toNumber()).toBeLessThanOrEqual(4)
    await consumer.seek(at, [queue])
    expect((await polled(consumer, 10 - found.toNumber()))[0]).toBe(found.toNumber())
    await expect(consumer.seek(11)).rejects.toMatchObject({ code: 'ERR_RMQ_OFFSET' })
    await consumer.close()
  })

  it('stays where it is in all queues when one of them has no such offset', async () => {
    const numbers = await numbersTopic(2)
    await using client = quietClient(cluster)
    const fill = (n: number, queueId: number) =>
      client.producer().send(message(numbers, n), { select: ({ queues }) => queues.find(q => q.queueId === queueId) })
    for (const n of [0, 1, 2, 3]) await fill(n, 0)
    await fill(4, 1)
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    expect(sorted(await polled(consumer, 5))).toEqual(upTo(5))
    await expect(consumer.seek(2)).rejects.toMatchObject({ code: 'ERR_RMQ_OFFSET' })
    expect(await consumer.poll(500)).toEqual([])
    await consumer.close()
  })

  it('shares queues with the members of its group, and gives up those that it loses', async () => {
    const numbers = await numbersTopic(4)
    await using one = quietClient(cluster, { timing: { rebalanceMs: 500 } })
    await using two = quietClient(cluster, { timing: { rebalanceMs: 500 } })
    const options = { group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' } as const
    const first = one.pullConsumer(options)
    expect(await first.start()).toHaveLength(4)
    const second = two.pullConsumer(options)
    await second.start()
    const held = async (consumer: PullConsumer) => (await firstValueFrom(consumer.assignments$)).current.length
    await expect.poll(async () => [await held(first), await held(second)]).toEqual([2, 2])
    await send(one, numbers, 0, 20)
    const [a, b] = await Promise.all([polled(first, 10), polled(second, 10)])
    expect(sorted([...a, ...b])).toEqual(upTo(20))
    await second.close()
    await expect.poll(() => held(first)).toBe(4)
    await first.close()
  })

  it('loses nothing when members come and go while messages are polled, and commits all of it in the end', async () => {
    const numbers = await numbersTopic(4)
    const group = unique('g')
    const options = { group, subscribe: [on(numbers)], startFrom: 'first', autoCommit: false } as const
    await using client = quietClient(cluster, { timing: { rebalanceMs: 300 } })
    const seen: number[] = []
    const isAllSeen = () => new Set(seen).size === 200
    /** Works on whatever comes, and commits it, until all is seen or the consumer is closed. */
    const work = async (consumer: PullConsumer<Inbound<string, number>>): Promise<void> => {
      for (let tries = 0; !isAllSeen() && tries < 300; tries++) {
        seen.push(...(await consumer.poll(100)).map(({ body }) => body))
        await consumer.commit()
      }
    }
    const first = client.pullConsumer({ ...options, flow: { pullBatch: 4 } })
    const working = [work(first)]
    const sending = send(client, numbers, 0, 200)
    for (let round = 0; round < 2; round++) {
      await using other = quietClient(cluster, { timing: { rebalanceMs: 300 } })
      const visitor = other.pullConsumer({ ...options, flow: { pullBatch: 4 } })
      const visiting = work(visitor).catch((error: unknown) => error)
      await expect.poll(async () => (await firstValueFrom(visitor.assignments$)).current.length).toBe(2)
      await visitor.close()
      expect(await visiting).toMatchObject({ code: 'ERR_RMQ_CLOSED' })
    }
    await sending
    await Promise.all(working)
    expect(sorted([...new Set(seen)])).toEqual(upTo(200))
    await first.commit()
    const queues = await queuesOf(client, numbers, 4)
    const committed = await Promise.all(queues.map(queue => first.committed(queue)))
    expect(committed.map(offset => offset?.toNumber())).toEqual([50, 50, 50, 50])
    await first.close()
  })

  it('has exactly the queues that it chose, filters by tag or SQL92, and chooses others while it runs', async () => {
    const numbers = await numbersTopic(3)
    await using client = quietClient(cluster)
    await send(client, numbers, 0, 9, 'a')
    await send(client, numbers, 9, 18, 'b')
    const [first, second, third] = (await queuesOf(client, numbers, 3)) as [QueueRef, QueueRef, QueueRef]
    for (const filter of [{ tags: 'b' }, { sql: "TAGS = 'b'" }]) {
      const options = { group: unique('g'), subscribe: [on(numbers, filter)], startFrom: 'first' } as const
      const consumer = client.pullConsumer({ ...options, assign: [] })
      expect(await consumer.start()).toEqual([])
      expect(await consumer.poll(100)).toEqual([])
      consumer.assign([first])
      expect(await polled(consumer, 3)).toEqual([9, 12, 15])
      consumer.assign([second, third])
      expect(sorted(await polled(consumer, 6))).toEqual([10, 11, 13, 14, 16, 17])
      const { current } = await firstValueFrom(consumer.assignments$)
      expect(current.map(queueKey)).toEqual([second, third].map(queueKey))
      await consumer.close()
    }
    const shared = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)] })
    expect(() => shared.assign([first])).toThrow('the queues are shared out')
  })

  it('rests on the queues that are paused, and goes on with them', async () => {
    const numbers = await numbersTopic(2)
    await using client = quietClient(cluster)
    const [first] = (await queuesOf(client, numbers, 2)) as [QueueRef]
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    consumer.pause([first])
    await consumer.start()
    await send(client, numbers, 0, 10)
    const of = (rest: number) => upTo(10).filter(n => n % 2 === rest)
    expect(await polled(consumer, 5)).toEqual(of(first.queueId === 0 ? 1 : 0))
    expect(await consumer.poll(300)).toEqual([])
    consumer.resume([first])
    expect(await polled(consumer, 5)).toEqual(of(first.queueId === 0 ? 0 : 1))
    await consumer.close()
  })

  it('tells a body that it cannot read as the error of one poll, and goes on behind it', async () => {
    const numbers = await numbersTopic(1)
    await using client = quietClient(cluster)
    await send(client, numbers, 0, 2)
    await client.producer().send(message(topic(numbers.name), Buffer.from('{'))) // no JSON
    await send(client, numbers, 3, 5)
    const consumer = client.pullConsumer({ group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' })
    expect(await polled(consumer, 2)).toEqual([0, 1])
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'ERR_RMQ_DECODE', offset: '2' })
    expect(await polled(consumer, 2)).toEqual([3, 4])
    await consumer.close()
  })
})
