import Long from 'long'
import { describe, expect, it } from 'vitest'
import {
  decodeClusterInfo,
  decodeConsumerIds,
  decodeGroupConfig,
  decodeHeartbeat,
  decodeTopicRoute,
  encodeClusterInfo,
  encodeConsumerIds,
  encodeGroupConfig,
  encodeHeartbeat,
  encodeTopicRoute,
  GROUP_DEFAULTS,
} from '../../src/protocol/bodies/bodies.ts'
import type { ClusterInfo, HeartbeatData, TopicRoute } from '../../src/protocol/bodies/bodies.ts'

const BROKER = {
  cluster: 'C',
  brokerName: 'broker-a',
  brokerAddrs: new Map([
    [0, '10.0.0.1:10911'],
    [1, '10.0.0.2:10911'],
  ]),
  enableActingMaster: true,
}

const QUEUES = { brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 8, perm: 6, topicSysFlag: 0 }

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('a topic route', () => {
  it.each<[string, TopicRoute]>([
    ['an ordinary topic', { queueDatas: [QUEUES], brokerDatas: [BROKER], isStatic: false }],
    [
      'a topic with a configured order',
      { orderTopicConf: 'broker-a:4', queueDatas: [QUEUES], brokerDatas: [BROKER], isStatic: false },
    ],
    [
      'a static topic',
      {
        queueDatas: [QUEUES],
        brokerDatas: [BROKER],
        isStatic: true,
        staticQueues: [{ brokerName: 'broker-a', scope: '__global__', totalQueues: 8 }],
      },
    ],
  ])('of %s is read as it was written', (_, route) => {
    expect(decodeTopicRoute(encodeTopicRoute(route))).toStrictEqual(route)
  })

  it('is written so that every JSON parser reads it', () => {
    const written = encodeTopicRoute({ queueDatas: [], brokerDatas: [BROKER], isStatic: false })
    expect(JSON.parse(written.toString())).toHaveProperty('brokerDatas.0.brokerAddrs', {
      '0': '10.0.0.1:10911',
      '1': '10.0.0.2:10911',
    })
  })

  it.each([
    ['nothing', Buffer.alloc(0), 'topic route: expected JSON, the body is empty'],
    ['rubbish', Buffer.from('<html>'), 'JSON: expected a value at character 0 of 6'],
    ['a list', json([]), 'topic route: expected an object'],
    ['no brokers', json({ queueDatas: [] }), 'topic route.brokerDatas: expected a list'],
    [
      'a broker without name',
      json({ queueDatas: [], brokerDatas: [{}] }),
      'topic route.brokerDatas[0].brokerName: expected a string',
    ],
    [
      'a broker id that is no number',
      json({ queueDatas: [], brokerDatas: [{ brokerName: 'b', brokerAddrs: { a: 'h:1' } }] }),
      'topic route.brokerDatas[0].brokerAddrs: expected broker ids as keys',
    ],
    [
      'an address that is no text',
      json({ queueDatas: [], brokerDatas: [{ brokerName: 'b', brokerAddrs: { 0: 1 } }] }),
      'topic route.brokerDatas[0].brokerAddrs: expected a string',
    ],
    [
      'a permission that is no number',
      json({ brokerDatas: [], queueDatas: [{ ...QUEUES, perm: 'rw' }] }),
      'topic route.queueDatas[0].perm: expected an integer',
    ],
    [
      'more queues than memory',
      json({ brokerDatas: [], queueDatas: [{ ...QUEUES, readQueueNums: 2_000_000_000 }] }),
      'topic route.queueDatas[0].readQueueNums: expected 0 to 65536 queues, not 2000000000',
    ],
    [
      'fewer queues than none',
      json({ brokerDatas: [], queueDatas: [{ ...QUEUES, writeQueueNums: -1 }] }),
      'topic route.queueDatas[0].writeQueueNums: expected 0 to 65536 queues, not -1',
    ],
  ])('made of %s is refused, and the error says what was expected where', (_, body, message) => {
    expect(() => decodeTopicRoute(body)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE', message }))
  })
})

describe('cluster information', () => {
  it('is read as it was written', () => {
    const info: ClusterInfo = {
      brokers: new Map([['broker-a', BROKER]]),
      clusters: new Map([
        ['C', ['broker-a']],
        ['__proto__', []],
      ]),
    }
    expect(decodeClusterInfo(encodeClusterInfo(info))).toStrictEqual(info)
  })

  it('says what is wrong in a list of brokers', () => {
    expect(() => decodeClusterInfo(json({ clusterAddrTable: { C: 'broker-a' } }))).toThrow(
      'cluster info.clusterAddrTable: expected a list',
    )
  })
})

const HEARTBEAT: HeartbeatData = {
  clientId: '10.0.0.5@4242#1',
  producerGroups: ['pg', '订单'],
  consumers: [
    {
      groupName: 'cg',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptions: [
        {
          topic: 'TopicTest',
          subString: 'TagA || "B"',
          tagsSet: ['TagA', '"B"'],
          codeSet: [2598919, 1],
          subVersion: Long.fromString('1758273940123456789'),
          expressionType: 'TAG',
          classFilterMode: false,
        },
      ],
    },
  ],
}

describe('a heartbeat', () => {
  it('is read as it was written, with all 64 bits of the subscription version', () => {
    expect(decodeHeartbeat(encodeHeartbeat(HEARTBEAT))).toStrictEqual(HEARTBEAT)
  })

  it('has a list of consumers even when there are none, because brokers fail without it', () => {
    const written = encodeHeartbeat({ clientId: 'c', producerGroups: [], consumers: [] })
    expect(JSON.parse(written.toString())).toEqual({
      clientID: 'c',
      consumerDataSet: [],
      producerDataSet: [],
      heartbeatFingerprint: 0,
      withoutSub: false,
    })
    expect(() => decodeHeartbeat(json({ clientID: 'c', producerDataSet: [] }))).toThrow(
      'heartbeat.consumerDataSet: expected a list',
    )
  })

  it('with something that only looks like a 64-bit number is refused', () => {
    const written = encodeHeartbeat(HEARTBEAT).toString()
    const forged = written.replace('1758273940123456789', '{"__isLong__":true}')
    expect(() => decodeHeartbeat(Buffer.from(forged))).toThrow('subscriptionDataSet[0].subVersion: expected an integer')
  })

  it('calls the subscriptions subscriptionDataSet', () => {
    const written = JSON.parse(encodeHeartbeat(HEARTBEAT).toString()) as { consumerDataSet: object[] }
    expect(written.consumerDataSet[0]).toHaveProperty('subscriptionDataSet.0.topic', 'TopicTest')
  })

  it.each([
    ['consumeType', 'CONSUME_PASSIVELY, CONSUME_ACTIVELY, CONSUME_POP'],
    ['messageModel', 'CLUSTERING, BROADCASTING'],
  ])('with an unknown %s is refused', (member, names) => {
    const body = JSON.parse(encodeHeartbeat(HEARTBEAT).toString()) as { consumerDataSet: Record<string, unknown>[] }
    body.consumerDataSet[0]![member] = 'PUSH'
    expect(() => decodeHeartbeat(json(body))).toThrow(
      `heartbeat.consumerDataSet[0].${member}: expected one of ${names}`,
    )
  })
})

describe('the members of a consumer group', () => {
  it('are read as they were written', () => {
    expect(decodeConsumerIds(encodeConsumerIds(['10.0.0.5@1', 'b']))).toEqual(['10.0.0.5@1', 'b'])
    expect(encodeConsumerIds(['b']).toString()).toBe('{"consumerIdList":["b"]}')
  })

  it('are none when the answer has no list', () => {
    expect(decodeConsumerIds(Buffer.from('{}'))).toEqual([])
  })

  it('are texts', () => {
    expect(() => decodeConsumerIds(Buffer.from('{"consumerIdList":[1]}'))).toThrow(
      'consumer ids.consumerIdList: expected a string',
    )
  })
})

describe('the configuration of a consumer group', () => {
  it('takes the defaults for all that is left out', () => {
    expect(decodeGroupConfig(json({ groupName: 'g' }))).toEqual({ groupName: 'g', ...GROUP_DEFAULTS })
    expect(decodeGroupConfig(encodeGroupConfig({ groupName: 'g' }))).toEqual({ groupName: 'g', ...GROUP_DEFAULTS })
    expect(GROUP_DEFAULTS).toMatchObject({ retryMaxTimes: 16, retryQueueNums: 1, consumeTimeoutMinute: 15 })
  })

  it('takes null for what is left out', () => {
    const config = decodeGroupConfig(
      json({ groupName: 'g', retryMaxTimes: null, attributes: null, groupRetryPolicy: null }),
    )
    expect(config).toEqual({ groupName: 'g', ...GROUP_DEFAULTS })
  })

  it.each([
    { type: 'CUSTOMIZED', next: [1000, 5000] } as const,
    { type: 'EXPONENTIAL', initial: 1, max: 100, multiplier: 3 } as const,
  ])('with the retry policy $type is read as it was written', groupRetryPolicy => {
    const config = {
      ...GROUP_DEFAULTS,
      groupName: 'g',
      consumeEnable: false,
      consumeMessageOrderly: true,
      retryMaxTimes: 3,
      attributes: new Map([['+k', 'v']]),
      groupRetryPolicy,
    }
    expect(decodeGroupConfig(encodeGroupConfig(config))).toStrictEqual(config)
  })

  it('takes the usual numbers for an exponential policy that has none', () => {
    const config = decodeGroupConfig(json({ groupName: 'g', groupRetryPolicy: { type: 'EXPONENTIAL' } }))
    expect(config.groupRetryPolicy).toEqual({ type: 'EXPONENTIAL', initial: 5000, max: 7_200_000, multiplier: 2 })
  })

  it.each([
    ['no name', {}, 'group config.groupName: expected a string'],
    [
      'a switch that is no boolean',
      { groupName: 'g', consumeEnable: 'yes' },
      'group config.consumeEnable: expected true or false',
    ],
    [
      'an unknown policy',
      { groupName: 'g', groupRetryPolicy: { type: 'RANDOM' } },
      'group config.groupRetryPolicy.type: expected CUSTOMIZED or EXPONENTIAL',
    ],
  ])('with %s is refused', (_, config, message) => {
    expect(() => decodeGroupConfig(json(config))).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE', message }))
  })
})
