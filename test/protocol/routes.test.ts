import { describe, expect, it } from 'vitest'
import type { QueueData, TopicRoute } from '../../src/protocol/bodies/bodies.ts'
import {
  compareQueues,
  isOrderTopic,
  masterAddresses,
  masterOf,
  PERM,
  publishQueues,
  replicaAddresses,
  subscribeQueues,
} from '../../src/protocol/bodies/routes.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'

const broker = (brokerName: string, addresses: readonly (readonly [number, string])[]) => ({
  cluster: 'C',
  brokerName,
  brokerAddrs: new Map(addresses),
  enableActingMaster: false,
})

const queues = (brokerName: string, rest: Partial<QueueData> = {}): QueueData => ({
  brokerName,
  readQueueNums: 2,
  writeQueueNums: 1,
  perm: PERM.READ | PERM.WRITE,
  topicSysFlag: 0,
  ...rest,
})

const route = (rest: Partial<TopicRoute>): TopicRoute => ({ queueDatas: [], brokerDatas: [], isStatic: false, ...rest })
const written = (list: readonly MessageQueue[]): string =>
  list.map(queue => `${queue.brokerName}:${queue.queueId}`).join(' ')

const MASTERLESS = route({
  queueDatas: [queues('b'), queues('a')],
  brokerDatas: [broker('a', [[0, 'a:1']]), broker('b', [[1, 'b:2']])],
})

describe('the queues of a topic', () => {
  it('to send to are those of brokers with a master', () => {
    expect(written(publishQueues('T', MASTERLESS))).toBe('a:0')
  })

  it('to consume from need no master', () => {
    expect(written(subscribeQueues('T', MASTERLESS))).toBe('a:0 a:1 b:0 b:1')
  })

  it('are those that the permissions allow', () => {
    const brokerDatas = [broker('a', [[0, 'a:1']])]
    const only = (perm: number) => route({ queueDatas: [queues('a', { perm })], brokerDatas })
    expect(written(publishQueues('T', only(PERM.READ)))).toBe('')
    expect(written(subscribeQueues('T', only(PERM.WRITE)))).toBe('')
  })

  it('to consume from are there once, also when a broker is named more than once', () => {
    const twice = route({
      queueDatas: [queues('a'), queues('a', { readQueueNums: 3 }), queues('a', { readQueueNums: 1 })],
    })
    expect(written(subscribeQueues('T', twice))).toBe('a:0 a:1 a:2')
  })

  it('carry the name of the topic', () => {
    expect(subscribeQueues('T', route({ queueDatas: [queues('a', { readQueueNums: 1 })] }))).toEqual([
      { topic: 'T', brokerName: 'a', queueId: 0 },
    ])
  })

  it('follow the order configuration where there is one', () => {
    const ordered = route({ orderTopicConf: 'b:2;a:1;', queueDatas: [queues('a')] })
    expect(isOrderTopic(ordered)).toBe(true)
    expect(written(publishQueues('T', ordered))).toBe('b:0 b:1 a:0')
  })

  it.each(['a', 'a:', 'a:x', 'a:65537', 'a:-1'])('cannot be told from the order configuration %s', orderTopicConf => {
    expect(() => publishQueues('T', route({ orderTopicConf }))).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: expect.stringContaining('topic "T"') as string }),
    )
  })

  it('of a static topic belong to a broker that has no address', () => {
    const logical = route({
      isStatic: true,
      queueDatas: [queues('a')],
      brokerDatas: [broker('a', [[0, 'a:1']])],
      staticQueues: [{ brokerName: 'a', scope: 'other', totalQueues: 2 }],
    })
    expect(written(publishQueues('T', logical))).toBe('__syslo__other:0 __syslo__other:1')
    expect(masterOf(logical, '__syslo__other')).toBeUndefined()
  })

  it('sort by topic, broker name and number, upper case first', () => {
    const list: readonly MessageQueue[] = [
      { topic: 'U', brokerName: 'a', queueId: 0 },
      { topic: 'T', brokerName: 'b', queueId: 10 },
      { topic: 'T', brokerName: 'b', queueId: 9 },
      { topic: 'T', brokerName: 'B', queueId: 11 },
    ]
    expect([...list].sort(compareQueues).map(queue => `${queue.topic}${queue.brokerName}${queue.queueId}`)).toEqual([
      'TB11',
      'Tb9',
      'Tb10',
      'Ua0',
    ])
  })
})

describe('the master of a broker', () => {
  it('has the id 0', () => {
    expect(masterOf(MASTERLESS, 'a')).toBe('a:1')
  })

  it('is unknown where there is none', () => {
    expect(masterOf(MASTERLESS, 'b')).toBeUndefined()
    expect(masterOf(MASTERLESS, 'nobody')).toBeUndefined()
  })
})

describe('the addresses of routes', () => {
  const other = route({ brokerDatas: [broker('a', [[0, 'a:1']]), broker('c', [[0, 'c:1']])] })
  const routes = [MASTERLESS, other]

  it('to send to are those of all masters, each once', () => {
    expect([...masterAddresses(routes)]).toEqual(['a:1', 'c:1'])
  })

  it('to pull from are those of all masters and slaves, each once', () => {
    expect([...replicaAddresses(routes)]).toEqual(['a:1', 'b:2', 'c:1'])
  })
})
