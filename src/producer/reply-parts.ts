import { illegal } from '../errors.ts'
import { message } from '../messages/message.ts'
import type { Inbound, Outbound } from '../messages/message.ts'
import type { Codec } from '../messages/codecs.ts'
import { topic } from '../messages/topic.ts'
import { replyTopicOf } from '../protocol/names.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import type { OwnProperties } from './outgoing-properties.ts'

/** What makes a message the reply to another one. */
export interface ReplyParts<R> {
  readonly reply: Outbound<R>
  readonly own: OwnProperties
}

/** Throws ERR_RMQ_ILLEGAL when the message is no request, or does not say how to reply. */
export const toReplyParts = <R>(request: Inbound, value: R, codec: Codec<R>): ReplyParts<R> => {
  const { cluster, copied } = addressOfAsker(request)
  return {
    reply: message(topic(replyTopicOf(cluster), codec), value),
    own: { ...copied, [PROPERTY.MESSAGE_TYPE]: 'reply' },
  }
}

/** Where a reply goes: the cluster that the request came through, and what finds who asked. */
export const addressOfAsker = ({ topic: name, messageId, properties }: Inbound) => {
  const correlationId = properties[PROPERTY.CORRELATION_ID]
  const clientId = properties[PROPERTY.REPLY_TO_CLIENT]
  const cluster = properties[PROPERTY.CLUSTER]
  const ttl = properties[PROPERTY.REPLY_TTL]
  if (correlationId === undefined || clientId === undefined) {
    const missing = clientId === undefined ? PROPERTY.REPLY_TO_CLIENT : PROPERTY.CORRELATION_ID
    throw illegal(`message ${messageId} asks for no reply: it has no property ${missing}`, { topic: name })
  }
  if (cluster === undefined) {
    throw illegal(`message ${messageId} does not say which cluster it came through: was it sent in a batch?`, {
      topic: name,
    })
  }
  const copied: OwnProperties = {
    [PROPERTY.CORRELATION_ID]: correlationId,
    [PROPERTY.REPLY_TO_CLIENT]: clientId,
    ...(ttl === undefined ? {} : { [PROPERTY.REPLY_TTL]: ttl }),
  }
  return { cluster, copied }
}
