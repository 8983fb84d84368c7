import type Long from 'long'
import type { QueueRef } from './offsets.ts'
import type { Topic } from './topic.ts'

/** What may be said about a message besides its body. */
export interface MessageOptions {
  /** One tag, by which consumers filter. */
  readonly tag?: string
  /** Business keys by which the message can be found again. They must not contain blanks. */
  readonly keys?: readonly string[]
  /** Messages of one sharding key go to one queue, in order. */
  readonly shardKey?: string
  /** User properties. Names that RocketMQ itself uses are refused: they have fields of their own. */
  readonly properties?: Readonly<Record<string, string>>
  /** Broker delay level 1 to 18 (by default 1s 5s 10s 30s 1m … 2h). Default: deliver at once. */
  readonly delayLevel?: number
  /** Whether the broker answers only after flush and replication as configured there. Default true. */
  readonly waitForStore?: boolean
}

/** A message to be sent. Immutable; it may be sent any number of times. */
export interface Outbound<T = unknown> extends MessageOptions {
  readonly topic: Topic<string, T>
  readonly body: T
}

/** A message for `send$` and its family. Nothing is encoded or checked before it is sent. */
export const message = <T>(topic: Topic<string, T>, body: T, options: MessageOptions = {}): Outbound<T> => ({
  ...options,
  topic,
  body,
})

/**
 * A message as it was received. What is not asked for is not read, so it keeps the answer it came in alive: to keep some
 * for long, keep their bodies.
 */
export interface Inbound<N extends string = string, T = unknown> {
  /** The topic it was published to, also when it comes again from a retry topic. */
  readonly topic: N
  readonly body: T
  readonly tag: string | undefined
  readonly keys: readonly string[]
  readonly shardKey: string | undefined
  /** All properties, RocketMQ's own included. */
  readonly properties: Readonly<Record<string, string>>
  /** The sender's unique id, constant over the sender's retries; else the broker's offset id. */
  readonly messageId: string
  /** The id that the broker made of its address and the position in its log. */
  readonly offsetMessageId: string
  readonly queue: QueueRef
  readonly queueOffset: Long
  readonly bornAt: Date
  readonly storedAt: Date
  readonly bornHost: string
  readonly storeHost: string
  /** How often it was sent back before: 0 on the first delivery. */
  readonly reconsumeTimes: number
  /** Plain JSON: offsets as decimal strings, the body left out. */
  toJSON(): Record<string, unknown>
}
