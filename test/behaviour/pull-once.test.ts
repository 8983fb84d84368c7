import { firstValueFrom, map, take, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, topic } from '../../src/index.ts'
import type { Client, QueueRef, Topic } from '../../src/index.ts'
import { quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'
import { unhandledErrors } from '../support/unhandled-errors.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

unhandledErrors()

const codec = codecs.json<number>()
const n = (offset: { toNumber: () => number } | undefined) => offset?.toNumber()
/**
 * A topic of one queue with so many numbers, every other one with tag `odd`. A broker answers a send before it has put the
 * message into its queue, so that a single pull may come too early.
 */
const filled = async (client: Client, count: number): Promise<[QueueRef, Topic<string, number>]> => {
  const numbers = topic(unique('numbers'), codec)
  await cluster.createTopic(numbers.name, { queues: 1 })
  for (let n = 0; n < count; n++) await client.producer().send(message(numbers, n, { tag: n % 2 ? 'odd' : 'even' }))
  const [queue] = await firstValueFrom(client.queues$(numbers))
  await expect.poll(async () => n(await client.maxOffset(queue as QueueRef))).toBe(count)
  return [queue as QueueRef, numbers]
}

describe('a single pull', () => {
  it('brings a page and says where to go on; nothing is remembered', async () => {
    await using client = quietClient(cluster)
    const [queue] = await filled(client, 10)
    for (let round = 0; round < 2; round++) {
      const { status, messages, nextOffset, minOffset, maxOffset } = await client.pull(queue, {
        offset: 2,
        max: 4,
        codec,
      })
      expect(messages.map(({ body }) => body)).toEqual([2, 3, 4, 5])
      expect([status, n(nextOffset), n(minOffset), n(maxOffset)]).toEqual(['FOUND', 6, 0, 10])
    }
  })

  it('brings only what the filter lets through, by tags and by SQL92', async () => {
    await using client = quietClient(cluster)
    const [queue] = await filled(client, 6)
    for (const filter of [{ tags: 'odd' }, { sql: "TAGS = 'odd'" }]) {
      const { messages, nextOffset } = await client.pull(queue, { offset: 0, filter, codec })
      expect(messages.map(({ body }) => body)).toEqual([1, 3, 5])
      expect(n(nextOffset)).toBe(6)
    }
    const none = await client.pull(queue, { offset: 0, filter: { tags: 'other' } })
    expect([none.status, none.messages.length, n(none.nextOffset)]).toEqual(['NO_MATCHED_MSG', 0, 6])
  })

  it('at the end says at once that there is nothing, or waits for what comes', async () => {
    await using client = quietClient(cluster)
    const [queue, numbers] = await filled(client, 1)
    expect(await client.pull(queue, { offset: 1 })).toMatchObject({ status: 'NO_NEW_MSG', messages: [] })
    const waiting = client.pull(queue, { offset: 1, waitMs: 20_000, codec })
    await client.producer().send(message(numbers, 7))
    expect((await waiting).messages.map(({ body }) => body)).toEqual([7])
  })

  it('outside of the queue says where it begins or ends', async () => {
    await using client = quietClient(cluster)
    const [queue] = await filled(client, 3)
    const { status, nextOffset } = await client.pull(queue, { offset: 50 })
    expect([status, n(nextOffset)]).toEqual(['OFFSET_ILLEGAL', 3])
  })

  it('of a queue that is not there, or with options that make no sense, is an error of that pull', async () => {
    await using client = quietClient(cluster)
    const [queue] = await filled(client, 1)
    const nowhere = { topic: unique('nowhere'), brokerName: queue.brokerName, queueId: 0 }
    await expect(client.pull(nowhere, { offset: 0 })).rejects.toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND' })
    const elsewhere = { ...queue, brokerName: 'broker-of-nobody' }
    await expect(client.pull(elsewhere, { offset: 0 })).rejects.toMatchObject({ code: 'ERR_RMQ_CONNECT' })
    await expect(client.pull(queue, { offset: 0, max: 0, waitMs: -1 })).rejects.toMatchObject({
      code: 'ERR_RMQ_ILLEGAL',
      problems: [expect.stringContaining('waitMs'), expect.stringContaining('max')] as unknown,
    })
    await expect(client.pull(queue, { offset: 'first' })).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
  })
})

describe('the offsets of a queue', () => {
  it('are asked for without being a member: first, last, by time, and of a group, for which they can be set', async () => {
    await using client = quietClient(cluster)
    const [queue] = await filled(client, 5)
    const group = unique('g')
    await cluster.createGroup(group)
    expect(n(await client.minOffset(queue))).toBe(0)
    expect(n(await client.maxOffset(queue))).toBe(5)
    expect(n(await client.searchOffset(queue, new Date(0)))).toBe(0)
    const late = cluster.version.startsWith('4.') ? 4 : 5
    expect(n(await client.searchOffset(queue, new Date(Date.now() + 60_000)))).toBe(late)
    await client.commitOffset(group, queue, 3n)
    expect(n(await client.committedOffset(group, queue))).toBe(3)
  })

  it('and which queues there are is a state: it follows the route of the topic', async () => {
    await using client = quietClient(cluster)
    const name = unique('later')
    const counts = firstValueFrom(
      client.queues$(name).pipe(
        map(({ length }) => length),
        take(2),
        toArray(),
      ),
    )
    await firstValueFrom(client.queues$(name))
    await cluster.createTopic(name, { queues: 2 })
    client.refreshRoutes(name)
    expect(await counts).toEqual([0, 2])
  })
})
