/** Routes, queues and stored messages for tests that need one and do not care which. */
import Long from 'long'
import type { BrokerData, TopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { encodeStoredMessage } from '../../src/protocol/messages/encode-stored-message.ts'
import type { StoredMessageFields } from '../../src/protocol/messages/encode-stored-message.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { PROPERTY, writeProperties } from '../../src/protocol/messages/properties.ts'
import { readStoredMessages } from '../../src/protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'

export const aBroker = (brokerName: string, address: string, more: Partial<BrokerData> = {}): BrokerData => ({
  cluster: 'c',
  brokerName,
  brokerAddrs: new Map([[0, address]]),
  enableActingMaster: false,
  ...more,
})

/** `aRoute({ a: 'a:1' }, 2)`: broker `a` at `a:1`, with two queues to read and to write. */
export const aRoute = (brokers: Readonly<Record<string, string>>, queues = 1, perm = 6): TopicRoute => ({
  queueDatas: Object.keys(brokers).map(brokerName => ({
    brokerName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm,
    topicSysFlag: 0,
  })),
  brokerDatas: Object.entries(brokers).map(([brokerName, address]) => aBroker(brokerName, address)),
  isStatic: false,
})

export const aQueue = (brokerName = 'a', queueId = 0, topic = 't'): MessageQueue => ({ topic, brokerName, queueId })

/** `a0` is queue 0 of broker a, and so on. */
export const queuesNamed = (names: string, topic = 't'): readonly MessageQueue[] =>
  names
    .split(' ')
    .filter(name => name !== '')
    .map(name => aQueue(name.slice(0, 1), Number(name.slice(1)), topic))

export const nameOf = ({ brokerName, queueId }: MessageQueue): string => `${brokerName}${queueId}`

const HOST = { address: '127.0.0.1', port: 10_911 }

export interface StoredParts extends Partial<Omit<StoredMessageFields, 'queueOffset' | 'propertiesText'>> {
  readonly offset?: number
  readonly body?: string
  readonly properties?: Readonly<Record<string, string>>
}

/** The bytes of one record. */
export const storedBytes = ({ offset = 0, body = `m${offset}`, properties = {}, ...more }: StoredParts = {}): Buffer =>
  encodeStoredMessage({
    queueId: 0,
    flag: 0,
    queueOffset: Long.fromNumber(offset),
    physicalOffset: Long.fromNumber(offset * 1_000),
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    storeTimestamp: 1_700_000_000_001,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: Long.ZERO,
    storedBody: Buffer.from(body),
    topic: 't',
    propertiesText: writeProperties({ [PROPERTY.UNIQUE_KEY]: `id-${offset}`, ...properties }),
    ...more,
  })

export const aStored = (parts: StoredParts = {}): StoredMessage => {
  const stored = readStoredMessages(storedBytes(parts)).messages[0]
  if (stored === undefined) throw new Error('the builder made no record')
  return stored
}

/** Every field of a stored message: a record reads them when they are asked for, so a spread copies none. */
export const STORED_FIELDS = [
  'storeSize',
  'bodyCrc',
  'queueId',
  'flag',
  'queueOffset',
  'physicalOffset',
  'sysFlag',
  'bornTimestamp',
  'bornHost',
  'storeTimestamp',
  'storeHost',
  'reconsumeTimes',
  'preparedTransactionOffset',
  'storedBody',
  'topic',
  'propertiesText',
  'properties',
] as const satisfies readonly (keyof StoredMessage)[]
