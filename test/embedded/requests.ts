import Long from 'long'
import { encodeHeartbeat } from '../../src/protocol/bodies/bodies.ts'
import { writeProperties } from '../../src/protocol/messages/properties.ts'
import { readStoredMessages, type StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'

/** Ext fields of a send, under the one-letter names. */
export const sendFields = (
  topic: string,
  queueId: number,
  properties: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
) => ({
  a: 'producers',
  b: topic,
  c: 'TBW102',
  d: '4',
  e: String(queueId),
  f: '0',
  g: '1700000000000',
  h: '0',
  i: writeProperties(properties),
  ...more,
})

export interface PullOptions {
  readonly offset?: number | string
  readonly max?: number
  readonly holdMs?: number
  readonly subscription?: string
  readonly commit?: number
  readonly group?: string
}

/** Ext fields of a pull that brings its subscription along, like a lite pull consumer's. */
export const pullFields = (topic: string, queueId: number, options: PullOptions = {}) => ({
  consumerGroup: options.group ?? 'pullers',
  topic,
  queueId: String(queueId),
  queueOffset: String(options.offset ?? 0),
  maxMsgNums: String(options.max ?? 32),
  sysFlag: String(4 | (options.holdMs === undefined ? 0 : 2) | (options.commit === undefined ? 0 : 1)),
  commitOffset: String(options.commit ?? 0),
  suspendTimeoutMillis: String(options.holdMs ?? 0),
  subscription: options.subscription ?? '*',
  subVersion: '0',
  expressionType: 'TAG',
})

export const heartbeat = (
  clientId: string,
  group: string,
  topics: Readonly<Record<string, string>>,
  messageModel: 'CLUSTERING' | 'BROADCASTING' = 'CLUSTERING',
): Buffer =>
  encodeHeartbeat({
    clientId,
    producerGroups: [],
    consumers: [
      {
        groupName: group,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel,
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptions: Object.entries(topics).map(([topic, tags]) => tagSubscription(topic, tags, Long.fromNumber(1))),
      },
    ],
  })

export const messagesOf = (answer: Frame): readonly StoredMessage[] => readStoredMessages(answer.body).messages

export const bodiesOf = (answer: Frame): readonly string[] =>
  messagesOf(answer).map(message => message.storedBody.toString())
