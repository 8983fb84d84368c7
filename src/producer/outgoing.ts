import { encodeFailed, illegal, isRocketError, tooLarge } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { deflateBody } from '../protocol/compress.ts'
import { checkTopic, FORBIDDEN_TOPICS } from '../protocol/names.ts'
import { MAX_PROPERTIES_BYTES, PROPERTY, RESERVED_PROPERTIES, writeProperties } from '../protocol/properties.ts'
import { MESSAGE_FLAG } from '../protocol/sys-flags.ts'

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

const MAX_DELAY_LEVEL = 18
/** What the broker adds to the properties: region, trace switch, cluster. */
const ROOM_FOR_BROKER = 256

/** Throws a RocketError that names the rule; nothing was sent. The caller's message and body stay as they are. */
export const toOutgoing = (
  message: Outbound,
  messageId: string,
  bornTimestamp: number,
  options: OutgoingOptions,
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
  const properties = writeProperties(toProperties(message, messageId))
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

/** User properties and RocketMQ's own, as one map. */
const toProperties = (message: Outbound, messageId: string): Record<string, string> => {
  const { tag, keys, shardKey, properties = {}, delayLevel, waitForStore = true } = message
  const all: Record<string, string> = {}
  for (const [name, value] of Object.entries(properties)) {
    if (RESERVED_PROPERTIES.has(name) || name === SHARDING_KEY)
      throw illegal(`property "${name}" belongs to RocketMQ: it has a field of its own`)
    if (value === '') continue // the protocol has no empty values
    all[name] = checkedText(`property "${name}"`, value)
  }
  all[PROPERTY.UNIQUE_KEY] = messageId
  all[PROPERTY.WAIT] = String(waitForStore)
  if (tag !== undefined && tag !== '') all[PROPERTY.TAGS] = checkedTag(tag)
  if (keys !== undefined && keys.length > 0) all[PROPERTY.KEYS] = keys.map(checkedKey).join(' ')
  if (shardKey !== undefined && shardKey !== '') {
    all[PROPERTY.SHARDING_KEY] = checkedText('shardKey', shardKey) // the server's name
    all[SHARDING_KEY] = shardKey // Go's
  }
  if (delayLevel !== undefined) all[PROPERTY.DELAY] = String(checkedDelay(delayLevel))
  return all
}

/** Go and others call the sharding key so; written beside Java's `__SHARDINGKEY`. */
export const SHARDING_KEY = 'SHARDING_KEY'

const checkedText = (what: string, value: string): string => {
  if (typeof value !== 'string') throw illegal(`${what} is not a string`)
  // eslint-disable-next-line no-control-regex -- the two separators of the wire format
  if (/[\u0001\u0002]/.test(value)) throw illegal(`${what} contains U+0001 or U+0002, which separate properties`)
  return value
}

const checkedTag = (tag: string): string => {
  if (tag.includes('||') || tag.trim() !== tag) throw illegal(`tag "${tag.slice(0, 80)}" contains || or outer blanks`)
  return checkedText('tag', tag)
}

const checkedKey = (key: string): string => {
  if (key === '' || /\s/.test(key))
    throw illegal(`key "${key.slice(0, 80)}" is empty or contains a blank, which separates keys`)
  return checkedText('key', key)
}

const checkedDelay = (level: number): number => {
  if (Number.isInteger(level) && level >= 1 && level <= MAX_DELAY_LEVEL) return level
  throw illegal(`delayLevel is ${String(level)}: expected a whole number from 1 to ${MAX_DELAY_LEVEL}`)
}
