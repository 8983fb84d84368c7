import { decodeFailed, isRocketError, withDetails } from '../errors.ts'
import type { Codec } from '../messages/codecs.ts'
import type { Inbound } from '../messages/message.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { bodyCrc } from '../protocol/hashes.ts'
import type { Host } from '../protocol/hosts.ts'
import { encodeOffsetId } from '../protocol/message-id.ts'
import { OTHER_SHARDING_KEY, PROPERTY } from '../protocol/properties.ts'
import { messageBody, messageId } from '../protocol/stored-message.ts'
import type { StoredMessage } from '../protocol/stored-message.ts'

/** A small body must not keep a large answer alive: such slices are copied. */
const PINNED_BYTES = 64 << 10

/** The topic that a message was published to, also when it comes from a retry topic. */
export const originalTopic = (stored: StoredMessage, group: string): string =>
  stored.topic === `%RETRY%${group}` ? (stored.properties[PROPERTY.RETRY_TOPIC] ?? stored.topic) : stored.topic

type Where = { readonly topic: string; readonly queue: string; readonly offset: string }

const decoded = (codec: Codec<unknown>, where: Where, stored: StoredMessage): unknown => {
  try {
    const plain = messageBody(stored)
    return codec.decode(plain.buffer.byteLength > PINNED_BYTES ? Buffer.from(plain) : plain)
  } catch (cause) {
    if (isRocketError(cause)) throw withDetails(cause, where)
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw decodeFailed(`codec ${codec.name} cannot read the body${why}`, { cause, ...where })
  }
}

/** What the user sees of a stored message. Decompresses, checks and decodes the body: throws ERR_RMQ_DECODE. */
export const toInbound = (
  stored: StoredMessage,
  queue: QueueRef,
  topic: string,
  codec: Codec<unknown>,
  verifyBodyCrc: boolean,
): Inbound => {
  const where = { topic, queue: queueKey(queue), offset: stored.queueOffset.toString() }
  if (verifyBodyCrc && stored.bodyCrc !== 0 && bodyCrc(stored.storedBody) !== stored.bodyCrc) {
    throw decodeFailed(`the body of message ${messageId(stored)} does not match its checksum`, where)
  }
  const { properties, storeHost, bornHost } = stored
  const body = decoded(codec, where, stored)
  return {
    topic,
    body,
    tag: properties[PROPERTY.TAGS],
    keys: properties[PROPERTY.KEYS]?.split(' ').filter(key => key !== '') ?? [],
    shardKey: properties[PROPERTY.SHARDING_KEY] ?? properties[OTHER_SHARDING_KEY],
    properties,
    messageId: messageId(stored),
    offsetMessageId: encodeOffsetId(storeHost, stored.physicalOffset),
    queue,
    queueOffset: stored.queueOffset,
    bornAt: new Date(stored.bornTimestamp),
    storedAt: new Date(stored.storeTimestamp),
    bornHost: hostText(bornHost),
    storeHost: hostText(storeHost),
    reconsumeTimes: stored.reconsumeTimes,
    toJSON: inboundToJson,
  }
}

const hostText = ({ address, port }: Host): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** One function for all messages: offsets as text, the body left out. */
function inboundToJson(this: Inbound): Record<string, unknown> {
  return { ...this, queueOffset: this.queueOffset.toString(), body: undefined, toJSON: undefined }
}
