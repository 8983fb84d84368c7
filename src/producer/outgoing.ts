import { encodeFailed, illegal, isRocketError, tooLarge, withDetails } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { compressBody, compressionFlags } from '../protocol/compression/compress.ts'
import type { Compressor } from '../protocol/compression/compress.ts'
import { checkTopic, FORBIDDEN_TOPICS } from '../protocol/names.ts'
import { MAX_PROPERTIES_BYTES, writeProperties } from '../protocol/messages/properties.ts'
import { halfFlag } from './half-message.ts'
import { checkMessage } from './message-shape.ts'
import { outgoingProperties } from './outgoing-properties.ts'
import type { OwnProperties } from './outgoing-properties.ts'

/** A message, or a batch of some, ready for the wire: checked, encoded and compressed once, however often it is repeated. */
export interface Outgoing {
  readonly topic: string
  /** Of a batch: that of its first message. */
  readonly messageId: string
  readonly body: Buffer
  readonly properties: string
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly shardKey: string | undefined
  /** Whether the body is that of a batch. */
  readonly isBatch: boolean
  /** Of a batch: its messages. */
  readonly members?: readonly Outgoing[]
  /** What it was made of: selectors may look at it. */
  readonly message?: Outbound
}

export interface OutgoingOptions {
  readonly maxMessageBytes: number
  readonly compressAboveBytes: number
  readonly compressLevel: number
  /** Default: bodies stay as they are. */
  readonly compressor: Compressor | undefined
}

/** What the broker adds to the properties: region, trace switch, cluster. */
const ROOM_FOR_BROKER = 256

/** Throws a RocketError that names the rule; nothing was sent. The caller's message and body stay as they are. */
export const toOutgoing = (
  message: Outbound,
  messageId: string,
  bornTimestamp: number,
  options: OutgoingOptions,
  own?: OwnProperties,
): Outgoing => {
  checkMessage(message)
  try {
    return checkedAndEncoded(message, messageId, bornTimestamp, options, own)
  } catch (cause) {
    throw isRocketError(cause) ? withDetails(cause, { topic: message.topic.name }) : cause
  }
}

const checkedAndEncoded = (
  message: Outbound,
  messageId: string,
  bornTimestamp: number,
  options: OutgoingOptions,
  own: OwnProperties | undefined,
): Outgoing => {
  const topic = message.topic.name
  checkTopic(topic)
  if (FORBIDDEN_TOPICS.has(topic))
    throw illegal(`topic "${topic}" belongs to the broker and cannot be sent to`, { topic })

  const plain = encodedBody(message)
  if (plain.length === 0)
    throw illegal(`the body of a message to "${topic}" is empty`, { topic, advice: 'send at least one byte' })
  if (plain.length > options.maxMessageBytes) {
    throw tooLarge(`the body of a message to "${topic}"`, plain.length, options.maxMessageBytes, { topic })
  }
  const properties = writeProperties(outgoingProperties(message, messageId, own))
  const propertyBytes = Buffer.byteLength(properties)
  if (propertyBytes > MAX_PROPERTIES_BYTES - ROOM_FOR_BROKER) {
    throw tooLarge(`the properties of a message to "${topic}"`, propertyBytes, MAX_PROPERTIES_BYTES - ROOM_FOR_BROKER, {
      topic,
    })
  }
  const { shardKey } = message
  const sysFlag = halfFlag(message)
  return compressed(
    { topic, messageId, body: plain, properties, sysFlag, bornTimestamp, shardKey, isBatch: false, message },
    options,
  )
}

/** Whether a body is one that is compressed. */
export const isLarge = (
  { body }: Pick<Outgoing, 'body'>,
  { compressor, compressAboveBytes }: OutgoingOptions,
): boolean => compressor !== undefined && body.length >= compressAboveBytes

/** The message with its body compressed, if it is large enough: the same message otherwise. */
export const compressed = (outgoing: Outgoing, options: OutgoingOptions): Outgoing => {
  const { compressor, compressLevel } = options
  if (compressor === undefined || !isLarge(outgoing, options)) return outgoing
  const body = compressBody(outgoing.body, compressor, compressLevel)
  return { ...outgoing, body, sysFlag: outgoing.sysFlag | compressionFlags(compressor.type) }
}

const encodedBody = ({ topic, body }: Outbound): Buffer => {
  const encoded = encodedBy(topic, body)
  if (!(encoded instanceof Uint8Array)) {
    throw encodeFailed(`a message to "${topic.name}"`, new TypeError(`codec ${topic.codec.name} gave no bytes`), {
      topic: topic.name,
    })
  }
  return Buffer.isBuffer(encoded) ? encoded : Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
}

const encodedBy = (topic: Outbound['topic'], body: unknown): unknown => {
  try {
    return topic.codec.encode(body)
  } catch (cause) {
    if (isRocketError(cause)) throw cause
    throw encodeFailed(`a message to "${topic.name}"`, cause, { topic: topic.name })
  }
}
