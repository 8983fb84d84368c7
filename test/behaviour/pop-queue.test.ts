import { map, Subject } from 'rxjs'
import { asapScheduler, asyncScheduler } from 'rxjs'
import Long from 'long'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBudget } from '../../src/consumer/queues/budget.ts'
import type { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import { createPopQueue } from '../../src/consumer/pop/pop-queue.ts'
import { toInbound } from '../../src/client/received.ts'
import { codecs, message, topic } from '../../src/index.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { messageId } from '../../src/protocol/messages/stored-message.ts'
import { askOk } from '../cluster/ask.ts'
import { openPopper } from '../support/popping.ts'
import { PATIENT, quietClient } from '../support/quiet-client.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const TEXT = codecs.text
const isTooOld = (): boolean => cluster.version.startsWith('4.')

/** A popped queue on a real connection, and what it delivered so far. */
const aPoppedQueue = async (invisibleMs: number) => {
  const texts = topic(unique('popped'), TEXT)
  const group = unique('poppers')
  const endpoint = cluster.brokers[0] ?? ''
  await cluster.createTopic(texts.name, { queues: 2 })
  await cluster.createGroup(group)
  const { broker, close } = openPopper(endpoint, group, texts.name)
  const client = quietClient(cluster)
  const owner = { group, topic: texts.name }
  const bname = 'broker-a'
  const deliveries: QueueDelivery[] = []
  const events: ReportedEvent[] = []
  const queue = createPopQueue(
    { topic: texts.name, brokerName: bname, queueId: -1 },
    {
      pop$: (_, max, held) =>
        broker.popping.pop$(
          endpoint,
          {
            consumerGroup: group,
            topic: texts.name,
            queueId: -1,
            maxMsgNums: max,
            invisibleTime: Long.fromNumber(invisibleMs),
            pollTime: Long.fromNumber(held ? 1_000 : 0),
            bornTime: Long.fromNumber(Date.now()),
            initMode: 0,
            bname,
          },
          10_000,
        ),
      ack$: (_, handle) => broker.popping.ack$(endpoint, owner, handle),
      ackMany$: (_, handles) => broker.popping.ackMany$(endpoint, owner, bname, handles),
      changeInvisible$: (_, handle, ms) => broker.popping.changeInvisible$(endpoint, owner, handle, ms),
      deadLetter$: (_, stored) =>
        broker.sending.sendBack$(
          endpoint,
          {
            group,
            offset: stored.physicalOffset,
            delayLevel: -1,
            originMsgId: messageId(stored),
            originTopic: texts.name,
            unitMode: false,
            maxReconsumeTimes: 16,
            bname,
          },
          3_000,
        ),
      accepts: () => true,
      topicOf: stored => stored.topic,
      read: (stored, at, name) => toInbound(stored, at, name, TEXT, true),
      budget: createBudget({ messages: 100, bytes: 1_000_000 }, 32).queue({ messages: 100, bytes: 1_000_000 }),
      invisibleMs,
      maxAttempts: 16,
      report: event => events.push(event),
      group,
      drainMs: 1_000,
      scheduler: asyncScheduler,
      asap: asapScheduler,
    },
  )
  const stops = new Subject<void>()
  const running = queue.run$(stops.pipe(map(() => undefined))).subscribe(page => deliveries.push(...page))
  return {
    queue,
    deliveries,
    events,
    group,
    endpoint,
    send: async (...bodies: readonly string[]): Promise<void> => {
      for (const body of bodies) await client.producer(PATIENT).send(message(texts, body))
    },
    bodies: () => deliveries.map(({ message: { body } }) => body),
    stop: async () => {
      running.unsubscribe()
      queue.close()
      close()
      await client.close()
    },
  }
}
type PoppedQueue = Awaited<ReturnType<typeof aPoppedQueue>>

const popping = (title: string, invisibleMs: number, run: (popped: PoppedQueue) => Promise<void>): void =>
  it(`${title}; a broker that is too old is asked again and again, and it is told`, async () => {
    const popped = await aPoppedQueue(invisibleMs)
    try {
      if (isTooOld()) {
        await expect.poll(() => popped.events.length).toBeGreaterThan(1)
        const refusal = { code: 'ERR_RMQ_BROKER', responseCode: 3, endpoint: popped.endpoint }
        expect(popped.events[0]).toMatchObject({ type: 'consumer-failure', where: 'pull', error: refusal })
      } else await run(popped)
    } finally {
      await popped.stop()
    }
  })

const maxOffset = async (endpoint: string, name: string): Promise<number> => {
  const { ext } = await askOk(endpoint, 30, { ext: { topic: name, queueId: '0' } })
  return Number(ext['offset'])
}

describe('a popped queue', () => {
  popping('delivers what is sent, and what is acknowledged does not come again', 5_000, async popped => {
    const { send, deliveries, bodies, queue, events } = popped
    await send('a', 'b', 'c', 'd')
    await expect.poll(() => deliveries.length).toBe(4)
    for (const delivery of deliveries) delivery.ack()
    await expect.poll(() => queue.settling()).toBe(0)
    await new Promise(resolve => setTimeout(resolve, 9_000)) // longer than the invisible time, and the look for it
    expect([...bodies()].sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(events).toEqual([])
  })

  popping(
    'delivers again what nobody settled in time, as a further attempt, but not what is extended',
    5_000,
    async popped => {
      const { send, deliveries, bodies, queue, events } = popped
      await send('kept', 'lost')
      await expect.poll(() => deliveries.length).toBe(2)
      const kept = deliveries.find(({ message: { body } }) => body === 'kept')
      const lost = deliveries.find(({ message: { body } }) => body === 'lost')
      queue.extend$(kept!, 30_000).subscribe()
      await expect.poll(() => deliveries.length).toBe(3)
      expect(bodies()[2]).toBe('lost')
      expect(deliveries[2]?.attempt).toBe(2)
      expect(lost?.decision).toBe('released')
      expect(events).toMatchObject([{ type: 'consumer-failure', where: 'stall' }])
      kept?.ack()
      deliveries[2]?.ack()
      await expect.poll(() => queue.settling()).toBe(0)
    },
  )

  popping(
    'gives a released delivery back at once, and a dead one to the dead letters of the group',
    60_000,
    async popped => {
      const { send, deliveries, bodies, queue, group, endpoint } = popped
      await send('again')
      await expect.poll(() => deliveries.length).toBe(1)
      deliveries[0]?.release()
      await expect.poll(() => deliveries.length).toBe(2)
      expect([bodies()[1], deliveries[1]?.attempt]).toEqual(['again', 2])
      deliveries[1]?.deadLetter()
      await expect.poll(() => queue.settling()).toBe(0)
      await expect.poll(() => maxOffset(endpoint, `%DLQ%${group}`)).toBe(1)
    },
  )
})
