import type Long from 'long'
import { decodeFailed, isRocketError, withDetails } from '../errors.ts'
import type { Codec } from '../messages/codecs.ts'
import type { Inbound } from '../messages/message.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { bodyCrc } from '../protocol/hashes.ts'
import type { Host } from '../protocol/hosts.ts'
import { encodeOffsetId } from '../protocol/messages/message-id.ts'
import { OTHER_SHARDING_KEY, PROPERTY } from '../protocol/messages/properties.ts'
import { messageBody, messageId } from '../protocol/messages/stored-message.ts'
import type { StoredMessage } from '../protocol/messages/stored-message.ts'

/** A small body must not keep a large answer alive: such slices are copied. */
const PINNED_BYTES = 64 << 10

/** The topic that a message was published to, also when it comes from a retry topic. */
export const originalTopic = (stored: StoredMessage, group: string): string => {
  const { topic } = stored // decoded each time it is asked for
  return topic === `%RETRY%${group}` ? (stored.properties[PROPERTY.RETRY_TOPIC] ?? topic) : topic
}

/** What the user sees of a stored message. Decompresses, checks and decodes the body: throws ERR_RMQ_DECODE. */
export const toInbound = (
  stored: StoredMessage,
  queue: QueueRef,
  topic: string,
  codec: Codec<unknown>,
  verifyBodyCrc: boolean,
): Inbound => {
  if (verifyBodyCrc && stored.bodyCrc !== 0 && bodyCrc(stored.storedBody) !== stored.bodyCrc) {
    throw decodeFailed(
      `the body of message ${messageId(stored)} does not match its checksum`,
      whereOf(stored, queue, topic),
    )
  }
  return new Received(stored, queue, topic, decoded(codec, stored, queue, topic))
}

/** The same with the body as it is stored, compressed or not, and whatever it is: never throws. */
export const toRaw = (stored: StoredMessage, queue: QueueRef, topic: string): Inbound<string, Uint8Array> =>
  new Received(stored, queue, topic, stored.storedBody) as Received & { readonly body: Uint8Array }

const decoded = (codec: Codec<unknown>, stored: StoredMessage, queue: QueueRef, topic: string): unknown => {
  try {
    const plain = messageBody(stored)
    return codec.decode(plain.buffer.byteLength > PINNED_BYTES ? Buffer.from(plain) : plain)
  } catch (cause) {
    const where = whereOf(stored, queue, topic)
    if (isRocketError(cause)) throw withDetails(cause, where)
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw decodeFailed(`codec ${codec.name} cannot read the body${why}`, { cause, ...where })
  }
}

const whereOf = (stored: StoredMessage, queue: QueueRef, topic: string) => ({
  topic,
  queue: queueKey(queue),
  offset: stored.queueOffset.toString(),
})

/**
 * A class, because a handler reads few of these: what it does not ask for is neither read nor allocated, which is half of
 * what a message costs. As JSON and in a console it looks like the plain object that its interface describes.
 */
class Received implements Inbound {
  readonly topic: string
  readonly body: unknown
  readonly queue: QueueRef
  readonly #stored: StoredMessage

  constructor(stored: StoredMessage, queue: QueueRef, topic: string, body: unknown) {
    this.#stored = stored
    this.queue = queue
    this.topic = topic
    this.body = body
  }

  get tag(): string | undefined {
    return this.properties[PROPERTY.TAGS]
  }
  get keys(): readonly string[] {
    return this.properties[PROPERTY.KEYS]?.split(' ').filter(key => key !== '') ?? []
  }
  get shardKey(): string | undefined {
    return this.properties[PROPERTY.SHARDING_KEY] ?? this.properties[OTHER_SHARDING_KEY]
  }
  get properties(): Readonly<Record<string, string>> {
    return this.#stored.properties
  }
  get messageId(): string {
    return messageId(this.#stored)
  }
  get offsetMessageId(): string {
    return encodeOffsetId(this.#stored.storeHost, this.#stored.physicalOffset)
  }
  get queueOffset(): Long {
    return this.#stored.queueOffset
  }
  get bornAt(): Date {
    return new Date(this.#stored.bornTimestamp)
  }
  get storedAt(): Date {
    return new Date(this.#stored.storeTimestamp)
  }
  get bornHost(): string {
    return hostText(this.#stored.bornHost)
  }
  get storeHost(): string {
    return hostText(this.#stored.storeHost)
  }
  get reconsumeTimes(): number {
    return this.#stored.reconsumeTimes
  }

  toJSON(): Record<string, unknown> {
    const { topic, tag, keys, shardKey, properties, messageId, offsetMessageId, queue } = this
    const { queueOffset, bornAt, storedAt, bornHost, storeHost, reconsumeTimes } = this
    const named = { topic, tag, keys, shardKey, properties, messageId, offsetMessageId, queue }
    return { ...named, queueOffset: queueOffset.toString(), bornAt, storedAt, bornHost, storeHost, reconsumeTimes }
  }
  /** What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return { ...this.toJSON(), body: this.body }
  }
}

const hostText = ({ address, port }: Host): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
