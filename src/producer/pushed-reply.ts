import Long from 'long'
import type { PushedReply } from '../client/replies.ts'
import { decodeFailed, isRocketError, withDetails } from '../errors.ts'
import type { Inbound } from '../messages/message.ts'
import type { Topic } from '../messages/topic.ts'
import { OTHER_SHARDING_KEY, PROPERTY } from '../protocol/messages/properties.ts'
import { messageBody } from '../protocol/messages/stored-message.ts'

/**
 * What the user sees of a reply. It was handed over and not pulled: its place is the queue of replies at the broker that
 * brought it, without an offset. Decompresses and decodes the body: throws ERR_RMQ_DECODE.
 */
export const toReply = <N extends string, R>(
  pushed: PushedReply,
  { name, codec }: Topic<N, R>,
  brokerName: string,
): Inbound<N, R> => {
  const { header, properties } = pushed
  const seen = {
    topic: name,
    tag: properties[PROPERTY.TAGS],
    keys: properties[PROPERTY.KEYS]?.split(' ').filter(key => key !== '') ?? [],
    shardKey: properties[PROPERTY.SHARDING_KEY] ?? properties[OTHER_SHARDING_KEY],
    properties,
    messageId: properties[PROPERTY.UNIQUE_KEY] ?? '',
    offsetMessageId: '',
    queue: { topic: header.topic, brokerName, queueId: header.queueId },
    queueOffset: Long.ZERO,
    bornAt: new Date(header.bornTimestamp.toNumber()),
    storedAt: new Date(header.storeTimestamp.toNumber()),
    bornHost: withoutSlash(header.bornHost),
    storeHost: withoutSlash(header.storeHost),
    reconsumeTimes: header.reconsumeTimes ?? 0,
  }
  return {
    ...seen,
    body: decoded(pushed, codec.name, body => codec.decode(body), name),
    toJSON: () => ({ ...seen, queueOffset: '0' }),
  }
}

const decoded = <R>(pushed: PushedReply, codecName: string, decode: (body: Buffer) => R, topic: string): R => {
  try {
    return decode(messageBody({ storedBody: pushed.body, sysFlag: pushed.header.sysFlag }))
  } catch (cause) {
    if (isRocketError(cause)) throw withDetails(cause, { topic, sent: 'maybe' })
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw decodeFailed(`codec ${codecName} cannot read the body of a reply${why}`, { cause, topic, sent: 'maybe' })
  }
}

/** Java writes a socket address as `/10.0.0.6:40000`. */
const withoutSlash = (host: string): string => host.slice(host.lastIndexOf('/') + 1)
