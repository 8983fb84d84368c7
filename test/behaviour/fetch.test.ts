import { lastValueFrom, Subject, take, tap } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, message, on, topic } from '../../src/index.ts'
import type { Client, Delivery } from '../../src/index.ts'
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

/** A topic of one queue with so many numbers, and a group that begins with the first. */
const filled = async (client: Client, count: number) => {
  const numbers = topic(unique('numbers'), codecs.json<number>())
  await cluster.createTopic(numbers.name, { queues: 1 })
  for (let n = 0; n < count; n++) await client.producer().send(message(numbers, n))
  const options = { group: unique('g'), subscribe: [on(numbers)], startFrom: 'first' } as const
  return client.consumer(options)
}
const bodies = (deliveries: readonly Delivery<string, number>[]) => deliveries.map(({ message: { body } }) => body)
const ack = (delivery: Delivery) => delivery.ack()

describe('fetch', () => {
  it('hands out so many at most, and leaves when they are settled; the next one goes on behind them', async () => {
    await using client = quietClient(cluster)
    const consumer = await filled(client, 10)
    const events = eventsOf(client)
    for (const expected of [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]) {
      const list$ = consumer.fetch$({ max: 4, waitMs: 1_500 }).pipe(tap(list => list.forEach(ack)))
      expect(bodies(await lastValueFrom(list$))).toEqual(expected)
    }
    expect(ofType(events, 'consumer-failure')).toEqual([])
  })

  it('as a promise gives the list at once, and stays a member until it is settled', async () => {
    await using client = quietClient(cluster)
    const consumer = await filled(client, 6)
    const list = await consumer.fetch({ max: 3 })
    expect(bodies(list)).toEqual([0, 1, 2])
    await expect(consumer.fetch()).rejects.toMatchObject({ code: 'ERR_RMQ_ALREADY_CONSUMING' })
    list.forEach(ack)
    await lastValueFrom(consumer.drain$())
    const rest = await consumer.fetch({ max: 3 })
    expect(bodies(rest)).toEqual([3, 4, 5])
    rest.forEach(ack)
    expect(await consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })
  })

  it('does not wait for ever for what nobody settles: it comes again', async () => {
    await using client = quietClient(cluster, { timing: { drainMs: 300 } })
    const consumer = await filled(client, 3)
    const [first] = await lastValueFrom(consumer.fetch$({ max: 2, waitMs: 3_000 }).pipe(tap(list => list[0]?.ack())))
    expect(first?.message.body).toBe(0)
    const rest = await lastValueFrom(consumer.fetch$({ max: 2, waitMs: 3_000 }).pipe(tap(list => list.forEach(ack))))
    expect(bodies(rest)).toEqual([1, 2])
    await expect(consumer.fetch({ max: 0 })).rejects.toMatchObject({ code: 'ERR_RMQ_ILLEGAL' })
  })
})

describe('messages, for await', () => {
  it('hands them out one by one; break ends in order, and what was not handed out comes again', async () => {
    await using client = quietClient(cluster)
    const consumer = await filled(client, 10)
    const seen: number[] = []
    for await (const delivery of consumer.messages()) {
      seen.push(delivery.message.body)
      delivery.ack()
      if (seen.length === 4) break
    }
    expect(seen).toEqual([0, 1, 2, 3])
    for await (const delivery of consumer.messages()) {
      seen.push(delivery.message.body)
      delivery.ack()
      if (seen.length === 10) break
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('a throw inside of the loop ends in order as well, and is what the loop throws', async () => {
    await using client = quietClient(cluster)
    const consumer = await filled(client, 3)
    const loop = async (): Promise<void> => {
      for await (const delivery of consumer.messages()) {
        delivery.release()
        throw new Error('out of stock')
      }
    }
    await expect(loop()).rejects.toThrow('out of stock')
    const again = await lastValueFrom(consumer.messages$().pipe(tap(ack), take(1)))
    expect(again.message.body).toBe(0)
  })

  it('ends with `until`, and with the error of the membership', async () => {
    await using client = quietClient(cluster)
    const consumer = await filled(client, 2)
    const until = new Subject<void>()
    let count = 0
    for await (const delivery of consumer.messages({ until })) {
      delivery.ack()
      if (++count === 2) until.next()
    }
    expect(count).toBe(2)

    await using lost = quietClient({ nameServers: ['127.0.0.1:1'] }, { timing: { connectTimeoutMs: 300 } })
    const nobody = lost.consumer({ group: 'g', subscribe: [on(topic('t'))] })
    const loop = async (): Promise<void> => {
      for await (const delivery of nobody.messages()) delivery.ack()
    }
    await expect(loop()).rejects.toMatchObject({ code: 'ERR_RMQ_CONNECT' })
    const unasked = consumer.messages()
    expect(await unasked.return?.()).toEqual({ done: true, value: undefined })
    expect(await unasked.next()).toEqual({ done: true, value: undefined })
  })
})
