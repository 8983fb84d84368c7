import type Long from 'long'
import type { QueueRef } from './offsets.ts'
import type { Topic } from './topic.ts'

/**
 * When a message is delivered: so many ms after the broker stored it, at a point in time (a Date or epoch ms; one that has
 * passed means at once), or after the wait of one of the broker's delay levels. Brokers count such times in seconds: never
 * early, up to two seconds late, and at most three days away. Those before 5.0 know levels only, and a message that names
 * a time is refused.
 */
export type DeliveryTime = { readonly afterMs: number } | { readonly at: Date | number } | { readonly level: number }

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
  /** When the message is delivered. Default: at once. A time and a delay level exclude each other. */
  readonly deliver?: DeliveryTime
  /** Whether the broker answers only after flush and replication as configured there. Default true. */
  readonly waitForStore?: boolean
  /** Who buys, for brokers that route by it (property `BUYER_ID`). Default: nobody is named. */
  readonly buyerId?: string
  /** The instance that the message belongs to (property `INSTANCE_ID`). Default: none is named. */
  readonly instanceId?: string
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
