import { describe, expect, it } from 'vitest'
import { decodeConsumerIds, decodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import type { Asker } from './asker.ts'
import { aBroker, aCluster, anAsker, eventually, sleep } from './cluster.ts'
import { bodiesOf, heartbeat, pullFields, sendFields } from './requests.ts'

const HEARTBEAT = 34
const UNREGISTER = 35
const CONSUMER_IDS = 38
const CHANGED = 40

const membersOf = async (asker: Asker, group = 'g'): Promise<readonly string[] | number> => {
  const answer = await asker.ask(CONSUMER_IDS, { consumerGroup: group })
  return answer.code === 0 ? decodeConsumerIds(answer.body).toSorted() : answer.code
}

const join = async (
  asker: Asker,
  clientId: string,
  topics: Record<string, string> = { orders: '*' },
): Promise<void> => {
  expect((await asker.ask(HEARTBEAT, {}, heartbeat(clientId, 'g', topics))).code).toBe(0)
}

const notices = (asker: Asker): number => asker.pushed.filter(frame => frame.code === CHANGED).length

describe('membership at the embedded broker', () => {
  it('counts a client right after its heartbeat is answered', async () => {
    const { broker } = await aBroker()
    expect(await membersOf(broker)).toBe(1)
    await join(broker, 'c1')
    expect(await membersOf(broker)).toEqual(['c1'])
  })

  it('answers a heartbeat with the version of the broker, and offers no second kind of heartbeat', async () => {
    const { broker } = await aBroker()
    const answer = await broker.ask(HEARTBEAT, {}, heartbeat('c1', 'g', { orders: '*' }))
    expect(answer).toMatchObject({ code: 0, version: 479, fields: {} })
  })

  it('creates the retry topic of a group with its first heartbeat', async () => {
    const cluster = await aCluster()
    const nameServer = await anAsker(cluster.nameServers[0])
    expect((await nameServer.ask(105, { topic: '%RETRY%g' })).code).toBe(17)
    await join(await anAsker(cluster.brokers[0]), 'c1')
    const route = decodeTopicRoute((await nameServer.ask(105, { topic: '%RETRY%g' })).body)
    expect(route.queueDatas[0]).toMatchObject({ perm: 6, readQueueNums: 1, writeQueueNums: 1 })
  })

  it('tells every member, the new one too, that a member came, one-way', async () => {
    const { cluster, broker } = await aBroker()
    const second = await anAsker(cluster.brokers[0])
    await join(broker, 'c1')
    expect(notices(broker)).toBe(1)
    await join(second, 'c2')
    await eventually(() => notices(broker) === 2 && notices(second) === 1, 'both members are told')
    expect(broker.pushed[0]).toMatchObject({ flag: 2, fields: { consumerGroup: 'g' } })
    await join(second, 'c2')
    await sleep(20)
    expect([notices(broker), notices(second)]).toEqual([2, 1])
  })

  it('tells every member when one subscribes to other topics than before', async () => {
    const { cluster, broker } = await aBroker()
    const second = await anAsker(cluster.brokers[0])
    await join(broker, 'c1')
    await join(second, 'c2')
    await eventually(() => notices(broker) === 2 && notices(second) === 1, 'both have joined')
    await join(second, 'c2', { orders: '*', others: '*' })
    await eventually(() => notices(broker) === 3 && notices(second) === 2, 'both are told of the new topic')
    await join(second, 'c2', { orders: 'TagA', others: '*' })
    await sleep(20)
    expect([notices(broker), notices(second)]).toEqual([3, 2])
  })

  it('tells the others when a member unregisters', async () => {
    const { cluster, broker } = await aBroker()
    const second = await anAsker(cluster.brokers[0])
    await join(broker, 'c1')
    await join(second, 'c2')
    await eventually(() => notices(broker) === 2, 'the first member knows the second')
    expect((await second.ask(UNREGISTER, { clientID: 'c2', consumerGroup: 'g' })).code).toBe(0)
    await eventually(() => notices(broker) === 3, 'the first member is told')
    expect(await membersOf(second)).toEqual(['c1'])
  })

  it('tells the others when the connection of a member closes', async () => {
    const { cluster, broker } = await aBroker()
    const second = await anAsker(cluster.brokers[0])
    await join(broker, 'c1')
    await join(second, 'c2')
    second.close()
    await eventually(() => notices(broker) === 3, 'the first member is told')
    expect(await membersOf(broker)).toEqual(['c1'])
  })

  it('counts connections, not client ids', async () => {
    const { cluster, broker } = await aBroker()
    const twin = await anAsker(cluster.brokers[0])
    await join(broker, 'same')
    await join(twin, 'same')
    expect(await membersOf(broker)).toEqual(['same', 'same'])
  })

  it('does not tell the members of a broadcasting group', async () => {
    const { broker } = await aBroker()
    await broker.ask(HEARTBEAT, {}, heartbeat('c1', 'g', { orders: '*' }, 'BROADCASTING'))
    expect(await membersOf(broker)).toEqual(['c1'])
    expect(notices(broker)).toBe(0)
  })

  it('does not tell the members of a group that is configured not to be told', async () => {
    const { broker } = await aBroker()
    await broker.ask(200, {}, JSON.stringify({ groupName: 'g', notifyConsumerIdsChangedEnable: false }))
    await join(broker, 'c1')
    expect(notices(broker)).toBe(0)
  })

  it('lets unequal subscriptions of one group take topics from each other', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1, others: 1 } })
    const second = await anAsker(cluster.brokers[0])
    const pull = async (topic: string) => {
      const fields = { ...pullFields(topic, 0, { group: 'g' }), sysFlag: '0' }
      return (await broker.ask(11, fields)).code
    }
    await join(broker, 'c1', { orders: '*' })
    expect([await pull('orders'), await pull('others')]).toEqual([19, 24])
    await join(second, 'c2', { others: '*' })
    expect([await pull('orders'), await pull('others')]).toEqual([24, 19])
    await eventually(() => notices(broker) === 2, 'the change is told')
  })

  it('hashes the tags of a subscription itself, because Go clients hash them otherwise', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const body = heartbeat('c1', 'g', { orders: '订单' }).toString().replace('[1129459]', '["-1782228175"]')
    expect(body).toContain('-1782228175')
    await broker.ask(HEARTBEAT, {}, body)
    await broker.ask(310, sendFields('orders', 0, { TAGS: '订单' }), 'matches')
    const answer = await broker.ask(11, { ...pullFields('orders', 0, { group: 'g' }), sysFlag: '0' })
    expect(bodiesOf(answer)).toEqual(['matches'])
  })

  it('passes over a group with an impossible name without a word', async () => {
    const { broker } = await aBroker()
    const answer = await broker.ask(HEARTBEAT, {}, heartbeat('c1', 'a group', { orders: '*' }))
    expect(answer.code).toBe(0)
    expect(await membersOf(broker, 'a group')).toBe(1)
  })

  it('keeps offsets and configuration of a group that has no member any more', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const member = await anAsker(cluster.brokers[0])
    await join(member, 'c1')
    await member.ask(15, { consumerGroup: 'g', topic: 'orders', queueId: '0', commitOffset: '4' })
    member.close()
    await eventually(async () => (await membersOf(broker)) === 1, 'the group is empty')
    const query = await broker.ask(14, { consumerGroup: 'g', topic: 'orders', queueId: '0' })
    expect(query.fields['offset']).toBe('4')
  })
})
