import { firstValueFrom } from 'rxjs'
import Long from 'long'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeRequestModeBody } from '../../src/protocol/bodies/bodies.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import { ask } from '../cluster/ask.ts'
import { failureOf } from '../support/failure.ts'
import { openPopper } from '../support/popping.ts'
import { startTarget, unique } from '../support/target.ts'
import type { TestCluster } from '../support/test-cluster.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTarget()
})
afterAll(() => cluster.stop())

const QUEUES = 4

/** A group of so many members, `c1` and so on, told to pop its topic with so many others; what they are given. */
const given = async (members: number, share: number | undefined): Promise<readonly string[]> => {
  const topic = unique('shared')
  const group = unique('poppers')
  const endpoint = cluster.brokers[0] ?? ''
  await cluster.createTopic(topic, { queues: QUEUES })
  await cluster.createGroup(group)
  if (share !== undefined) {
    const mode = { topic, consumerGroup: group, mode: 'POP', popShareQueueNum: share } as const
    expect((await ask(endpoint, 401, { body: encodeRequestModeBody(mode).toString() })).code).toBe(0)
  }
  const clients = Array.from({ length: members }, (_, n) => ({
    clientId: `c${n + 1}`,
    ...openPopper(endpoint, group, topic),
  }))
  try {
    for (const { clientId, broker } of clients) {
      const consumer = {
        groupName: group,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        subscriptions: [tagSubscription(topic, '*', Long.ONE)],
      } as const
      const heartbeat = { clientId, producerGroups: [], consumers: [consumer] }
      await firstValueFrom(broker.membership.heartbeat$(endpoint, heartbeat, 3_000))
    }
    const queries = clients.map(async ({ clientId, broker }) => {
      const query = { topic, consumerGroup: group, clientId, strategyName: 'AVG', messageModel: 'CLUSTERING' }
      const assignments = await firstValueFrom(broker.membership.assignments$(endpoint, query))
      const named = (assignments ?? []).map(({ queue, mode }) => `${mode} ${queue.queueId}`)
      return [...new Set(named)].sort().join()
    })
    return await Promise.all(queries)
  } finally {
    for (const { close } of clients) close()
  }
}

/** Members, how many others share a member's queues (undefined: nobody said that they pop), and what each is given. */
const SHARES: readonly (readonly [string, number, number | undefined, readonly string[]])[] = [
  ['is pulled and shared out when nobody said otherwise', 2, undefined, ['PULL 0,PULL 1', 'PULL 2,PULL 3']],
  ['is popped by every member when it is not said how many share', 2, 0, ['POP -1', 'POP -1']],
  ['is popped by every member when as many share as there are', 3, 2, ['POP -1', 'POP -1', 'POP -1']],
  [
    'is popped by a member and so many after it, each with the queues of them all',
    4,
    1,
    ['POP 0,POP 1', 'POP 1,POP 2', 'POP 2,POP 3', 'POP 0,POP 3'],
  ],
  [
    'is popped by one member more than once round when there are more members',
    6,
    1,
    '012301'.split('').map(id => `POP ${id}`),
  ],
]

describe('a topic that the broker shares out', () => {
  it.each(SHARES)('%s, or brokers are too old to share out', async (_, members, share, expected) => {
    if (!cluster.version.startsWith('4.')) {
      expect(await given(members, share)).toEqual(expected)
      return
    }
    const { broker, close } = openPopper(cluster.brokers[0] ?? '', 'g', 't')
    const query = { topic: 't', consumerGroup: 'g', clientId: 'c', strategyName: 'AVG', messageModel: 'CLUSTERING' }
    const refusal = { code: 'ERR_RMQ_BROKER', responseCode: 3, endpoint: cluster.brokers[0] }
    const error = await failureOf(firstValueFrom(broker.membership.assignments$(cluster.brokers[0] ?? '', query)))
    close()
    expect(error).toMatchObject(refusal)
  })
})

const POP = { maxMsgNums: '32', invisibleTime: '10000', pollTime: '0', initMode: '0', queueId: '-1' }
const OUTSIDE = { queueId: '0', extraInfo: '0 1 2 3 0 broker-a 0 55', offset: '55', invisibleTime: '9' }
/** What is asked with which fields besides topic and group, and the code of the answer. */
const REFUSALS: readonly (readonly [string, number, Readonly<Record<string, string>>, number])[] = [
  ['a pop of a topic that does not exist', 200050, { ...POP, topic: 'nowhere' }, 17],
  ['a pop of more than brokers give', 200050, { ...POP, maxMsgNums: '33' }, 29],
  ['a pop of a queue that the topic does not have', 200050, { ...POP, queueId: '7' }, 29],
  ['a pop with tags that name none', 200050, { ...POP, expType: 'TAG', exp: '||' }, 23],
  ['a pop for a group that cannot exist', 200050, { ...POP, consumerGroup: 'a b' }, 26],
  ['a pop that was asked for long ago', 200050, { ...POP, bornTime: '1000' }, 210],
  ['a pop that is not to be held, where nothing is', 200050, POP, 210],
  ['a peek where nothing is', 200052, { queueId: '-1', maxMsgNums: '3' }, 19],
  ['a peek into a topic that does not exist', 200052, { queueId: '-1', maxMsgNums: '3', topic: 'nowhere' }, 17],
  ['an acknowledgement in a topic that does not exist', 200051, { ...OUTSIDE, topic: 'nowhere' }, 17],
  ['an acknowledgement in a queue that there is none of', 200051, { ...OUTSIDE, queueId: '9' }, 13],
  ['an acknowledgement of what was never stored', 200051, OUTSIDE, 208],
  ['an acknowledgement with a handle that nobody can read', 200051, { ...OUTSIDE, offset: '0', extraInfo: 'x' }, 1],
  ['a longer invisible time of what was never stored', 200053, OUTSIDE, 208],
]

describe('a broker that knows how to pop', () => {
  it.each(REFUSALS)('answers %s by the code that it has for it', async (_, code, fields, expected) => {
    const topic = unique('popped')
    const group = unique('poppers')
    await cluster.createTopic(topic, { queues: 1 })
    await cluster.createGroup(group)
    const ext = { consumerGroup: group, topic, bornTime: String(Date.now()), ...fields }
    const answer = await ask(cluster.brokers[0] ?? '', code, { ext })
    expect(answer.code).toBe(cluster.version.startsWith('4.') ? 3 : expected)
  })

  it.each([
    ['a retry topic', '%RETRY%g', 16],
    ['a topic that does not exist', 'nowhere', 17],
  ])('does not let %s be popped', async (_, topic, expected) => {
    const body = encodeRequestModeBody({ topic, consumerGroup: 'g', mode: 'POP', popShareQueueNum: 0 }).toString()
    const answer = await ask(cluster.brokers[0] ?? '', 401, { body })
    expect(answer.code).toBe(cluster.version.startsWith('4.') ? 3 : expected)
  })
})
