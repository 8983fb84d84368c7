import { encodeFailed, illegal, isRocketError, tooLarge, withDetails } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { deflateBody } from '../protocol/compress.ts'
import { checkTopic, FORBIDDEN_TOPICS } from '../protocol/names.ts'
import { MAX_PROPERTIES_BYTES, writeProperties } from '../protocol/properties.ts'
import { MESSAGE_FLAG } from '../protocol/sys-flags.ts'
import { outgoingProperties } from './outgoing-properties.ts'
import type { OwnProperties } from './outgoing-properties.ts'

/** A message ready for the wire: checked, encoded and compressed once, however often it is repeated. */
export interface Outgoing {
  readonly topic: string
  readonly messageId: string
  readonly body: Buffer
  readonly properties: string
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly shardKey: string | undefined
}

export interface OutgoingOptions {
  readonly maxMessageBytes: number
  readonly compressAboveBytes: number
  readonly compressLevel: number
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
  const compress = plain.length >= options.compressAboveBytes
  const properties = writeProperties(outgoingProperties(message, messageId, own))
  const propertyBytes = Buffer.byteLength(properties)
  if (propertyBytes > MAX_PROPERTIES_BYTES - ROOM_FOR_BROKER) {
    throw tooLarge(`the properties of a message to "${topic}"`, propertyBytes, MAX_PROPERTIES_BYTES - ROOM_FOR_BROKER, {
      topic,
    })
  }
  return {
    topic,
    messageId,
    body: compress ? deflateBody(plain, options.compressLevel) : plain,
    properties,
    sysFlag: compress ? MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB : 0,
    bornTimestamp,
    shardKey: message.shardKey,
  }
}

const encodedBody = ({ topic, body }: Outbound): Buffer => {
  const encoded = encodedBy(topic, body)
  if (!(encoded instanceof Uint8Array)) {
    throw encodeFailed(`a message to "${topic.name}"`, new TypeError(`codec ${topic.codec.name} gave no bytes`), {
      topic: topic.name,
    })
  }
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
}

const encodedBy = (topic: Outbound['topic'], body: unknown): unknown => {
  try {
    return topic.codec.encode(body)
  } catch (cause) {
    if (isRocketError(cause)) throw cause
    throw encodeFailed(`a message to "${topic.name}"`, cause, { topic: topic.name })
  }
}
