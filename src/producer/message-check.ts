import { checkedInt } from '../client/checks.ts'
import type { Outbound } from '../messages/message.ts'
import { PRODUCER_DEFAULTS } from './options.ts'
import { toOutgoing } from './outgoing.ts'

/** As long as the ids that this client makes. */
const SOME_ID = '0'.repeat(32)

/** What a message is measured by. */
export interface MessageLimits {
  /** Most bytes of the body before compression. Default 4,194,304, as the producer's. */
  readonly maxMessageBytes?: number
}

const encoded = (message: Outbound, { maxMessageBytes }: MessageLimits) =>
  toOutgoing(message, SOME_ID, 0, {
    ...PRODUCER_DEFAULTS,
    maxMessageBytes: checkedInt('maxMessageBytes', maxMessageBytes, PRODUCER_DEFAULTS.maxMessageBytes, [1, 16 << 20]),
    compressor: undefined,
  })

/**
 * Throws what a send of the message would fail with before anything is sent: a topic, a tag, a key, a property, a time or a
 * body that is not allowed or too large.
 */
export const validateMessage = <T>(message: Outbound<T>, limits: MessageLimits = {}): void => {
  encoded(message, limits)
}

const FLAG_BYTES = 4

/**
 * About how many bytes a message is on its way: topic, body before compression, flag, and everything else as properties,
 * two more bytes for each. Throws as `validateMessage` does.
 */
export const estimateSize = <T>(message: Outbound<T>, limits: MessageLimits = {}): number => {
  const { topic, body, properties } = encoded(message, limits)
  return topic.length + body.length + FLAG_BYTES + Buffer.byteLength(properties)
}
