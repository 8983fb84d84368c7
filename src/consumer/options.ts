import { isListOf, isText, kindOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedBool, checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { collected, noted, wrong } from '../client/problems.ts'
import { illegal } from '../errors.ts'
import type { SubscriptionSpec } from '../messages/topic.ts'
import { checkGroup, checkTopic } from '../protocol/names.ts'

/** How much may be in hand: delivered and not settled. At a limit no more is pulled. */
export interface FlowLimits {
  /** Messages per queue. Default 512. */
  readonly unsettledPerQueue: number
  /** Stored bytes per queue. Default 16 MiB. */
  readonly unsettledBytesPerQueue: number
  /** Messages of the whole consumer. Default 4,096. */
  readonly unsettled: number
  /** Stored bytes of the whole consumer. Default 128 MiB. */
  readonly unsettledBytes: number
  /** From the oldest unsettled offset of a queue to its newest. Default 2,000, as Java's consumeConcurrentlyMaxSpan. */
  readonly span: number
  /** Messages asked for at once. Default 32: brokers give no more. */
  readonly pullBatch: number
}

/** What `flow` is where nothing else is said. */
export const FLOW_DEFAULTS: FlowLimits = {
  unsettledPerQueue: 512,
  unsettledBytesPerQueue: 16 << 20,
  unsettled: 4_096,
  unsettledBytes: 128 << 20,
  span: 2_000,
  pullBatch: 32,
}

/** Where a group without a committed offset begins: what it does not say by itself, `events$` tells. */
export type StartFrom = 'first' | 'last' | Date

/** What becomes of a message that cannot be decompressed or decoded. */
export type OnDecodeError = 'dead-letter' | 'retry-later' | 'ack'

/** What `client.consumer()` is told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ConsumerOptions<S extends readonly SubscriptionSpec[] = readonly SubscriptionSpec[]> {
  /** The consumer group: its members share the queues. */
  readonly group: string
  /** `[on(topic, { tags })]`, each topic once; all members of a group subscribe to the same. */
  readonly subscribe: S
  /**
   * Where a group without progress begins. Default `last`: with what is sent from now on. A broker of 4.9 cannot say that
   * there is no progress while it has the first message of a queue in memory: there, as Java's, it begins with that one.
   */
  readonly startFrom?: StartFrom
  /** How much may be in hand. Default: as `FlowLimits` says. */
  readonly flow?: Partial<FlowLimits>
  /** How progress is kept. */
  readonly commit?: {
    /** Between commits, ms. Default: the client's `timing.commitMs`, 5,000. */
    readonly everyMs?: number
  }
  /** What becomes of messages that are sent back. */
  readonly retry?: {
    /** Redeliveries before a message goes to the dead letters. Default 16, as Java's maxReconsumeTimes. */
    readonly maxAttempts?: number
  }
  /** What becomes of a message that cannot be read. Default `dead-letter`. */
  readonly onDecodeError?: OnDecodeError
  /** Compare each body with its checksum. Default true. */
  readonly verifyBodyCrc?: boolean
}

export interface ConsumerSettings {
  readonly group: string
  readonly subscriptions: readonly SubscriptionSpec[]
  readonly startFrom: StartFrom
  readonly flow: FlowLimits
  readonly commitMs: number
  readonly maxAttempts: number
  readonly onDecodeError: OnDecodeError
  readonly verifyBodyCrc: boolean
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveConsumerOptions = (given: ConsumerOptions, commitMs: number): ConsumerSettings =>
  collected('a consumer', () => checkedOptions(given, commitMs))

const checkedOptions = (given: ConsumerOptions, commitMs: number): ConsumerSettings => {
  noted(() => checkGroup(given.group))
  noted(() => checkSubscriptions(given))
  const { startFrom = 'last' } = given
  if (
    startFrom !== 'first' &&
    startFrom !== 'last' &&
    !(startFrom instanceof Date && !Number.isNaN(startFrom.getTime()))
  ) {
    wrong(illegal(`startFrom is ${String(startFrom)}: expected "first", "last" or a Date`), undefined)
  }
  return {
    group: given.group,
    subscriptions: given.subscribe,
    startFrom,
    flow: resolveFlow(given.flow),
    commitMs: checkedMs('commit.everyMs', given.commit?.everyMs, commitMs),
    maxAttempts: checkedInt('retry.maxAttempts', given.retry?.maxAttempts, 16, [0]),
    onDecodeError: oneOf('onDecodeError', given.onDecodeError, 'dead-letter', ['dead-letter', 'retry-later', 'ack']),
    verifyBodyCrc: checkedBool('verifyBodyCrc', given.verifyBodyCrc, true),
  }
}

const isObject = (value: unknown): boolean => Object(value) === value

const checkSubscriptions = ({ group, subscribe }: ConsumerOptions): void => {
  if (!isListOf(subscribe, isObject)) {
    throw illegal(`subscribe is ${kindOf(subscribe)}: expected a list of on(topic, { tags })`)
  }
  if (subscribe.length === 0) throw illegal(`consumer of group "${group}" subscribes to nothing`)
  for (const { topic, tags } of subscribe) {
    if (!isObject(topic)) throw illegal(`subscribe: on() was given ${kindOf(topic)}: expected topic(name, codec)`)
    checkTopic(topic.name)
    if (!isText(tags)) throw illegal(`the tags of topic "${topic.name}" are ${kindOf(tags)}: expected a text, "a || b"`)
    if (tags !== '' && tags.split('||').every(tag => tag.trim() === '')) {
      throw illegal(`the tags of topic "${topic.name}" are "${tags.slice(0, 80)}": that names no tag`)
    }
  }
  const twice = subscribe.find(({ topic }, i) => subscribe.findIndex(s => s.topic.name === topic.name) !== i)
  if (twice !== undefined) throw illegal(`topic "${twice.topic.name}" is subscribed to twice: join the tags with ||`)
}

const resolveFlow = (given: Partial<FlowLimits> = {}): FlowLimits => {
  const d = FLOW_DEFAULTS
  checkNames('flow', given, d)
  const limit = (name: keyof FlowLimits, ...most: [number?]): number =>
    checkedInt(`flow.${name}`, given[name], d[name], [1, ...most])
  return {
    unsettledPerQueue: limit('unsettledPerQueue', 65_535),
    unsettledBytesPerQueue: limit('unsettledBytesPerQueue'),
    unsettled: limit('unsettled'),
    unsettledBytes: limit('unsettledBytes'),
    span: limit('span', 65_535),
    pullBatch: limit('pullBatch', 1_024),
  }
}
