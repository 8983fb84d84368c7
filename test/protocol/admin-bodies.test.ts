import Long from 'long'
import { describe, expect, it } from 'vitest'
import {
  decodeConsumedDirectly,
  decodeConsumerStatus,
  decodeConsumeStats,
  decodeGroupConnections,
  decodeResetOffsets,
  decodeRunningInfo,
  encodeConsumerStatus,
  encodeGroupConnections,
  encodeResetOffsets,
  encodeRunningInfo,
  MAX_QUEUES,
} from '../../src/protocol/bodies/bodies.ts'
import type { GroupConnections, RunningInfo } from '../../src/protocol/bodies/bodies.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import { vectorFiles } from '../support/golden.ts'

const textOf = (name: string): Buffer => {
  const all = vectorFiles().flatMap(({ vectors }) => vectors)
  return Buffer.from(all.find(vector => vector.name === name)?.['json'] as string)
}
const queue = { topic: 'TopicTest', brokerName: 'broker-a', queueId: 0 }
const KEY = '{"brokerName":"broker-a","queueId":0,"topic":"TopicTest"}'

describe('the offsets of a reset', () => {
  it.each([
    ['as Java has them, with queues as keys', `{"offsetTable":{${KEY}:5}}`, 5],
    ['as Go takes them, in pairs', `{"offsetTable":[[${KEY},5]]}`, 5],
    ['beyond what a double can tell', `{"offsetTable":{${KEY}:9007199254740993}}`, '9007199254740993'],
  ])('are read %s', (_, json, offset) => {
    expect(decodeResetOffsets(Buffer.from(json))).toEqual([{ queue, offset: Long.fromValue(offset) }])
  })

  it('are read as C++ has them, in a list', () => {
    const third = { ...queue, queueId: 3 }
    expect(decodeResetOffsets(textOf('body/reset-offset-for-c/one'))).toEqual([
      { queue: third, offset: Long.fromNumber(77) },
    ])
  })

  it.each(['{}', '{"offsetTable":{}}', '{"offsetTable":[]}', '{"offsetTable":null}'])('may be none: %s', json => {
    expect(decodeResetOffsets(Buffer.from(json))).toEqual([])
  })

  it('are written with queues as keys, and read again', () => {
    const offsets = [{ queue, offset: Long.MAX_VALUE }]
    expect(encodeResetOffsets(offsets).toString()).toBe(`{"offsetTable":{${KEY}:9223372036854775807}}`)
    expect(decodeResetOffsets(encodeResetOffsets(offsets))).toEqual(offsets)
  })

  it.each([
    ['', /the body is empty/],
    ['no JSON', /expected a value/],
    [`{"offsetTable":{${KEY}:-1}}`, /queue 0 of topic "TopicTest" is negative/],
    [`{"offsetTable":{${KEY}:"much"}}`, /value: expected an integer/],
    ['{"offsetTable":{"TopicTest":5}}', /offsetTable: expected a list/],
    ['{"offsetTable":[[1]]}', /offsetTable\[0\]: expected a key and a value/],
    ['{"offsetTable":{{"queueId":1}:5}}', /topic: expected a string/],
    [`{"offsetTable":[${'[{},0],'.repeat(MAX_QUEUES)}[{},0]]}`, /at most 65536 queues, not 65537/],
    [`{"offsetTable":[${'{},'.repeat(MAX_QUEUES)}{}]}`, /at most 65536 queues, not 65537/],
  ])('are refused: %.40s', (json, why) => {
    expect(() => decodeResetOffsets(Buffer.from(json))).toThrow(why)
  })
})

describe('the status of consumers', () => {
  it('is read and written, of one member and of all', () => {
    const status = {
      own: [{ queue, offset: Long.fromNumber(12) }],
      byClientId: new Map([['10.0.0.5@1#2', [{ queue, offset: Long.fromNumber(40) }]]]),
    }
    const body = encodeConsumerStatus(status)
    expect(body.toString()).toBe(`{"consumerTable":{"10.0.0.5@1#2":{${KEY}:40}},"messageQueueTable":{${KEY}:12}}`)
    expect(decodeConsumerStatus(body)).toEqual(status)
    expect(decodeConsumerStatus(Buffer.from('{}'))).toEqual({ own: [], byClientId: new Map() })
  })
})

describe('the progress of a group', () => {
  it('is read as brokers of 5.x and of 4.x write it', () => {
    expect(decodeConsumeStats(textOf('body/consume-stats/object-keys'))).toMatchObject({
      consumeTps: 12.5,
      queues: [
        { queue, brokerOffset: Long.fromNumber(100), pullOffset: Long.fromNumber(95), lastTimestamp: 1758273940123 },
        { brokerOffset: Long.fromString('9007199254740993') },
        { brokerOffset: Long.MAX_VALUE, lastTimestamp: -1 },
      ],
    })
    expect(
      decodeConsumeStats(
        Buffer.from(`{"offsetTable":{${KEY}:{"brokerOffset":100,"consumerOffset":90,"lastTimestamp":0}}}`),
      ).queues[0],
    ).toMatchObject({
      consumerOffset: Long.fromNumber(90),
      pullOffset: Long.ZERO,
    })
  })
})

describe('what a member tells of itself', () => {
  it('is read as Go writes it, which spells otherwise', () => {
    const { queues, properties, topics } = decodeRunningInfo(textOf('body/go/consumer-running-info/two-queues'))
    expect(queues.map(({ dropped }) => dropped)).toEqual([true, false])
    expect(queues[0]?.commitOffset.toString()).toBe('9007199254740993')
    expect(properties).toMatchObject({ PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY' })
    expect(topics.get('TopicTest')?.pullRT).toBe(1.5)
  })

  it('is written so that it is read again, all of it', () => {
    const info: RunningInfo = {
      properties: { PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY', quote: '"' },
      subscriptions: [tagSubscription('TopicTest', 'TagA', Long.fromNumber(3))],
      queues: [
        {
          queue,
          commitOffset: Long.MAX_VALUE,
          cachedMsgMinOffset: Long.fromNumber(1),
          cachedMsgMaxOffset: Long.fromNumber(2),
          cachedMsgCount: 2,
          cachedMsgSizeInMiB: 1,
          locked: true,
          tryUnlockTimes: 3,
          dropped: true,
          lastLockTimestamp: 4,
          lastPullTimestamp: 5,
          lastConsumeTimestamp: 6,
        },
      ],
      topics: new Map([
        [
          'TopicTest',
          {
            pullRT: 0.5,
            pullTPS: 1,
            consumeRT: 2.25,
            consumeOKTPS: 3,
            consumeFailedTPS: 0,
            consumeFailedMsgs: Long.fromString('9007199254740993'),
          },
        ],
      ]),
      jstack: 'none',
    }
    expect(decodeRunningInfo(encodeRunningInfo(info))).toEqual(info)
  })

  it('names everything that tools of 5.x go through, also when there is none of it', () => {
    const empty = encodeRunningInfo({ properties: {}, subscriptions: [], queues: [], topics: new Map() })
    expect(JSON.parse(empty.toString())).toEqual({
      mqPopTable: {},
      mqTable: {},
      properties: {},
      statusTable: {},
      subscriptionSet: [],
      userConsumerInfo: {},
    })
  })
})

describe('the result of a message that was consumed directly', () => {
  it.each(['CR_SUCCESS', 'CR_LATER', 'CR_ROLLBACK', 'CR_COMMIT', 'CR_THROW_EXCEPTION', 'CR_RETURN_NULL'])(
    'is %s by its name and by the number that Go writes',
    name => {
      const [named, numbered] = [JSON.stringify(name), ORDINALS.indexOf(name)].map(value =>
        decodeConsumedDirectly(Buffer.from(`{"consumeResult":${value},"order":true,"remark":"r","spentTimeMills":12}`)),
      )
      expect(named).toEqual({ consumeResult: name, order: true, autoCommit: true, remark: 'r', spentTimeMills: 12 })
      expect(numbered).toEqual(named)
    },
  )

  it.each(['6', '-1', '"CR_OTHER"', 'null'])('is refused where it is %s', value => {
    expect(() => decodeConsumedDirectly(Buffer.from(`{"consumeResult":${value}}`))).toThrow('consumeResult')
  })
})

const ORDINALS = ['CR_SUCCESS', 'CR_LATER', 'CR_ROLLBACK', 'CR_COMMIT', 'CR_THROW_EXCEPTION', 'CR_RETURN_NULL']

describe('the members of a group', () => {
  it('are written so that they are read again', () => {
    const group: GroupConnections = {
      connections: [{ clientAddr: '10.0.0.5:51234', clientId: '10.0.0.5@4242#1', language: 'JAVA', version: 479 }],
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptions: [tagSubscription('TopicTest', 'TagA || TagB', Long.fromNumber(3))],
    }
    expect(decodeGroupConnections(encodeGroupConnections(group))).toEqual(group)
  })

  it('are refused when the broker names a model that there is not', () => {
    const body = '{"connectionSet":[],"consumeType":"CONSUME_PASSIVELY","messageModel":"SHOUTING"}'
    expect(() => decodeGroupConnections(Buffer.from(body))).toThrow(
      'group connections.messageModel: expected one of CLUSTERING, BROADCASTING',
    )
  })
})
