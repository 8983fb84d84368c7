import { describe, expect, it } from 'vitest'
import { decodeAssignments, encodeAssignmentQuery } from '../../src/protocol/bodies/bodies.ts'
import type { Asker } from './asker.ts'
import { aCluster, anAsker } from './cluster.ts'
import { heartbeat } from './requests.ts'

/** The queues that a client is given, as broker and queue id; undefined for no valid result. */
const given = async (broker: Asker, clientId: string, more: Readonly<Record<string, string>> = {}) => {
  const query = { topic: 'orders', consumerGroup: 'g', clientId, strategyName: 'AVG', messageModel: 'CLUSTERING' }
  const answer = await broker.ask(400, {}, encodeAssignmentQuery({ ...query, ...more }))
  expect(answer.code).toBe(0)
  const assignments = decodeAssignments(answer.body)
  expect(assignments?.every(({ mode }) => mode === 'PULL') ?? true).toBe(true)
  return assignments?.map(({ queue }) => `${queue.brokerName.slice(-1)}${queue.queueId}`)
}

/** Two brokers with so many queues of the topic each, and so many members at the first, c1 and so on. */
const aGroup = async (queues: number, members: number) => {
  const cluster = await aCluster({ brokers: 2, topics: { orders: queues } })
  for (let n = members; n > 0; n--) {
    const member = await anAsker(cluster.brokers[0])
    await member.ask(34, {}, heartbeat(`c${n}`, 'g', { orders: '*' }))
  }
  return { cluster, broker: await anAsker(cluster.brokers[0]) }
}

describe('the embedded broker, asked to share queues out', () => {
  it('deals the queues of all brokers out in runs, the first members get one more', async () => {
    const { broker } = await aGroup(4, 3)
    expect(await given(broker, 'c1')).toEqual(['a0', 'a1', 'a2'])
    expect(await given(broker, 'c2')).toEqual(['a3', 'b0', 'b1'])
    expect(await given(broker, 'c3')).toEqual(['b2', 'b3'])
  })

  it('deals them out one by one when it is told to', async () => {
    const { broker } = await aGroup(4, 3)
    const circle = { strategyName: 'AVG_BY_CIRCLE' }
    expect(await given(broker, 'c1', circle)).toEqual(['a0', 'a3', 'b2'])
    expect(await given(broker, 'c2', circle)).toEqual(['a1', 'b0', 'b3'])
    expect(await given(broker, 'c3', circle)).toEqual(['a2', 'b1'])
  })

  it('gives nothing to members beyond the number of queues, and to strangers', async () => {
    const { broker } = await aGroup(1, 3)
    for (const strategyName of ['AVG', 'AVG_BY_CIRCLE']) {
      expect(await given(broker, 'c2', { strategyName })).toEqual(['b0'])
      expect(await given(broker, 'c3', { strategyName })).toEqual([])
      expect(await given(broker, 'stranger', { strategyName })).toEqual([])
    }
  })

  it('gives every queue to every member of a broadcasting group', async () => {
    const { broker } = await aGroup(1, 2)
    expect(await given(broker, 'c2', { messageModel: 'BROADCASTING' })).toEqual(['a0', 'b0'])
  })

  it('leaves out brokers that are down', async () => {
    const { cluster, broker } = await aGroup(2, 1)
    await cluster.killBroker(1)
    expect(await given(broker, 'c1')).toEqual(['a0', 'a1'])
  })

  it('has no valid result for an unknown topic, a group without members, and a way it does not know', async () => {
    const { broker } = await aGroup(2, 1)
    expect(await given(broker, 'c1', { topic: 'unknown' })).toBeUndefined()
    expect(await given(broker, 'c1', { consumerGroup: 'empty' })).toBeUndefined()
    expect(await given(broker, 'c1', { strategyName: 'CONSISTENT_HASH' })).toBeUndefined()
  })
})
