import { illegal } from '../errors.ts'
import { checkBatch, encodeRawBatch } from '../protocol/messages/client-batch.ts'
import { compressBody, compressionFlags } from '../protocol/compression/compress.ts'
import { isRetryTopic } from '../protocol/names.ts'
import {
  NAME_SEPARATOR,
  PROPERTY,
  PROPERTY_SEPARATOR,
  readProperties,
  writeProperties,
} from '../protocol/messages/properties.ts'
import { isLarge } from './outgoing.ts'
import type { Outgoing, OutgoingOptions } from './outgoing.ts'
import type { SendResult } from './send-result.ts'

/** Properties with which a message travels alone: brokers would ignore them on a member, or do to all what one asks for. */
const ALONE = [
  PROPERTY.DELAY,
  PROPERTY.TIMER_DELAY_SECONDS,
  PROPERTY.TIMER_DELAY_MS,
  PROPERTY.TIMER_DELIVER_MS,
  PROPERTY.TRANSACTION_PREPARED,
]
const HAS_ONE = new RegExp(`(?:^|${PROPERTY_SEPARATOR})(?:${ALONE.join('|')})${NAME_SEPARATOR}`)

/** Whether the message can share a batch. Looks at the text: it is asked for every message. */
export const mayShare = ({ topic, properties }: Outgoing): boolean => !HAS_ONE.test(properties) && !isRetryTopic(topic)

const NO_WAIT = new RegExp(`(?:^|${PROPERTY_SEPARATOR})${PROPERTY.WAIT}${NAME_SEPARATOR}false${PROPERTY_SEPARATOR}`)

/** Whether the broker answers only after flush and replication: what the members of a batch must agree on. */
export const waitsForStore = ({ properties }: Outgoing): boolean => !NO_WAIT.test(properties)

/** Throws ERR_RMQ_ILLEGAL, which names the rule, for messages that cannot be one batch. */
export const checkShared = (members: readonly Outgoing[]): void => {
  const [first] = members
  if (first === undefined) throw illegal('a batch needs at least one message')
  const fits = (member: Outgoing): boolean =>
    member.topic === first.topic && mayShare(member) && waitsForStore(member) === waitsForStore(first)
  if (members.length === 1 || members.every(fits)) return
  checkBatch(members.map(({ topic, properties }) => ({ topic, properties: readProperties(properties) })))
}

/**
 * Several messages as one to be sent. Its properties say only what all agree on: brokers up to 5.3.3 append them to those
 * of every member.
 */
export const toBatch = (members: readonly Outgoing[], first: Outgoing, options: OutgoingOptions): Outgoing => {
  const { compressor, compressLevel } = options
  const pack = compressor !== undefined && members.every(member => isLarge(member, options))
  const body = encodeRawBatch(
    members.map(({ body: plain, properties }) => ({
      flag: 0,
      body: pack ? compressBody(plain, compressor, compressLevel) : plain,
      propertiesText: properties,
    })),
  )
  return {
    topic: first.topic,
    messageId: first.messageId,
    body,
    properties: writeProperties({ [PROPERTY.WAIT]: String(waitsForStore(first)) }),
    sysFlag: pack ? compressionFlags(compressor.type) : 0,
    bornTimestamp: first.bornTimestamp,
    shardKey: first.shardKey,
    isBatch: true,
    members,
  }
}

/** The results of the members, from what the broker says of all of them: ids joined by commas, the offset of the first. */
export const memberResults = (whole: SendResult, members: readonly Outgoing[]): readonly SendResult[] => {
  const ids = whole.offsetMessageId.split(',')
  return members.map(({ messageId, bornTimestamp }, position) => ({
    ...whole,
    messageId,
    // a topic of batches (`queue.type=BatchCQ`) stores one record, which has one id
    offsetMessageId: ids[position] ?? whole.offsetMessageId,
    queueOffset: position === 0 ? whole.queueOffset : whole.queueOffset.add(position),
    sentAt: new Date(bornTimestamp),
  }))
}
