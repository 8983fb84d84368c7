import { describe, expect, it } from 'vitest'
import { decodeLockedQueues, encodeLockRequest } from '../../src/protocol/bodies/bodies.ts'
import type { Asker } from './asker.ts'
import { aBroker, anAsker } from './cluster.ts'
import { heartbeat, sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const LOCK = 41
const UNLOCK = 42

const requestOf = (clientId: string, queueIds: readonly number[], consumerGroup = 'g'): Buffer =>
  encodeLockRequest({
    consumerGroup,
    clientId,
    queues: queueIds.map(queueId => ({ topic: 'orders', brokerName: 'broker-a', queueId })),
  })

/** Ids of the queues that were granted. */
const lock = async (broker: Asker, clientId: string, queueIds: readonly number[], group?: string) => {
  const answer = await broker.ask(LOCK, {}, requestOf(clientId, queueIds, group))
  expect(answer.code).toBe(0)
  return decodeLockedQueues(answer.body).map(({ queueId }) => queueId)
}

const unlock = async (broker: Asker, clientId: string, queueIds: readonly number[]) => {
  expect(await broker.ask(UNLOCK, {}, requestOf(clientId, queueIds))).toMatchObject({ code: 0, fields: {} })
}

describe('a lock of a queue at the embedded broker', () => {
  it('is granted to one client of a group, again and again, and to no other', async () => {
    const { broker } = await aBroker()
    expect(await lock(broker, 'c1', [0, 1])).toEqual([0, 1])
    expect(await lock(broker, 'c1', [1])).toEqual([1])
    expect(await lock(broker, 'c2', [0, 1, 2])).toEqual([2])
  })

  it('names its queue whole', async () => {
    const { broker } = await aBroker()
    const answer = await broker.ask(LOCK, {}, requestOf('c1', [3]))
    expect(JSON.parse(answer.body.toString())).toEqual({
      lockOKMQSet: [{ brokerName: 'broker-a', queueId: 3, topic: 'orders' }],
    })
  })

  it('does not concern other groups', async () => {
    const { broker } = await aBroker()
    expect(await lock(broker, 'c1', [0])).toEqual([0])
    expect(await lock(broker, 'c2', [0], 'others')).toEqual([0])
  })

  it('is free for others once its client gives it back, one-way too', async () => {
    const { broker } = await aBroker()
    await lock(broker, 'c1', [0, 1])
    await unlock(broker, 'c1', [0])
    expect(await lock(broker, 'c2', [0, 1])).toEqual([0])
    broker.tell(UNLOCK, {}, requestOf('c1', [1]))
    expect(await lock(broker, 'c2', [0, 1])).toEqual([0, 1])
  })

  it('cannot be given back by somebody else', async () => {
    const { broker } = await aBroker()
    await lock(broker, 'c1', [0])
    await unlock(broker, 'c2', [0, 1])
    expect(await lock(broker, 'c2', [0])).toEqual([])
  })

  it('belongs to a client id, not to its connection: it outlives it', async () => {
    const { cluster, broker } = await aBroker()
    const first = await anAsker(cluster.brokers[0])
    await first.ask(34, {}, heartbeat('c1', 'g', { orders: '*' }))
    await lock(first, 'c1', [0])
    first.close()
    await first.closed
    expect(await lock(broker, 'c2', [0])).toEqual([])
    expect(await lock(broker, 'c1', [0])).toEqual([0])
  })

  it('is free for others when it was not renewed for more than 60 seconds', async () => {
    const clock = virtualClock()
    const { broker } = await aBroker({ scheduler: clock.scheduler })
    await lock(broker, 'c1', [0, 1])
    clock.advanceTo(20_000)
    await lock(broker, 'c1', [1])
    clock.advanceTo(60_000)
    expect(await lock(broker, 'c2', [0, 1])).toEqual([])
    clock.advanceTo(60_001)
    expect(await lock(broker, 'c2', [0, 1])).toEqual([0])
    clock.advanceTo(80_001)
    expect(await lock(broker, 'c2', [0, 1])).toEqual([0, 1])
    expect(await lock(broker, 'c1', [0, 1])).toEqual([])
  })

  it('is forgotten when the broker is killed and comes back', async () => {
    const { cluster, broker } = await aBroker()
    await lock(broker, 'c1', [0])
    await cluster.killBroker()
    await cluster.restartBroker()
    expect(await lock(await anAsker(cluster.brokers[0]), 'c2', [0])).toEqual([0])
  })

  it('makes what its group sends to its retry topic a dead letter: who consumes in order has given it up', async () => {
    const clock = virtualClock()
    const { cluster, broker } = await aBroker({ scheduler: clock.scheduler })
    await broker.ask(34, {}, heartbeat('c1', 'g', { orders: '*' }))
    const giveUp = () => broker.ask(310, sendFields('%RETRY%g', 0, { DELAY: '1' }, { j: '1', l: '16' }), 'x')
    await lock(broker, 'c1', [0])
    await giveUp()
    expect(cluster.peek('%DLQ%g')).toHaveLength(1)
    clock.advanceTo(60_001)
    await giveUp()
    expect(cluster.peek('%DLQ%g')).toHaveLength(1)
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')).toHaveLength(1)
  })
})
