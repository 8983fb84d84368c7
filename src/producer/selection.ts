import type { BrokerHealth } from '../client/broker-health.ts'
import { oneOf } from '../client/checks.ts'
import { illegal } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { TopicRoute } from '../protocol/bodies/bodies.ts'

/**
 * How a message without a sharding key finds its queue. `round-robin`: each queue in turn. `random`: any. `message-hash`:
 * by its first key, where it has one. `least-latency`: on the broker that answered soonest of late. `weighted`: by chance,
 * brokers that are well more often.
 */
export type Selection = 'round-robin' | 'random' | 'message-hash' | 'least-latency' | 'weighted'

/** The hash of keys: Java's `String.hashCode`, or FNV-1a over UTF-8 as the Go client's. */
export type QueueHash = 'java' | 'fnv1a'

/** What a selector of your own may look at. */
export interface SelectionContext {
  readonly topic: string
  /** Every queue that may be written, ordered by broker name and queue id. Never empty. */
  readonly queues: readonly QueueRef[]
  /** Those of them whose brokers are well and have not failed this message; when none are, those of the least ill. */
  readonly preferred: readonly QueueRef[]
  /** Of a batch: undefined. */
  readonly message: Outbound | undefined
  /** Of the body as it will travel. */
  readonly bodyBytes: number
  readonly health: ReadonlyMap<string, BrokerHealth>
  /** The brokers' addresses and clusters, and more that the name servers tell of the topic. */
  readonly route: TopicRoute
  /** Names of the brokers that have failed this message. */
  readonly tried: ReadonlySet<string>
}

/**
 * Chooses one of `queues`, for each attempt anew. What it throws, and anything else that it returns, is ERR_RMQ_ILLEGAL of
 * that one send.
 */
export type QueueSelector = (context: SelectionContext) => QueueRef | undefined

/** A strategy by name, or a function. */
export type Select = Selection | QueueSelector

const SELECTIONS = ['round-robin', 'random', 'message-hash', 'least-latency', 'weighted'] as const

/** A strategy, or ERR_RMQ_ILLEGAL. */
export const checkedSelect = (value: Select | undefined, fallback: Select): Select =>
  typeof value === 'function'
    ? value
    : oneOf('select', value, fallback as Selection, SELECTIONS, ', a function, or an Observable of them')

/** A queue of this topic by name and number, or ERR_RMQ_ILLEGAL. Whether there is one, the route tells. */
export const checkedQueue = (queue: QueueRef | undefined, topic: string): QueueRef | undefined => {
  if (queue === undefined) return undefined
  const given: Partial<QueueRef> = Object(queue) as Partial<QueueRef> // anything may come from JavaScript
  const { topic: its, brokerName, queueId } = given
  if (its === topic && typeof brokerName === 'string' && Number.isInteger(queueId)) return queue
  throw illegal(`queue is ${its}@${brokerName}:${queueId}: expected one of topic "${topic}"`, { topic })
}
