import { expected, optionsOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedBool, checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { collected, noted, wrong } from '../client/problems.ts'
import { resolveTrace } from '../client/trace-options.ts'
import type { TraceOptions, TraceSettings } from '../client/trace-options.ts'
import { illegal } from '../errors.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { SubscriptionSpec } from '../messages/topic.ts'
import { checkGroup } from '../protocol/names.ts'
import { resolveAllocate } from './allocation/allocate-option.ts'
import type { AllocateOption, AllocationRule } from './allocation/allocate-option.ts'
import type { Offsets } from './offsets/offset-store.ts'
import { INVISIBLE_BOUNDS, INVISIBLE_MS } from './pop/pop-invisible.ts'
import { checkConflicts } from './option-conflicts.ts'
import { isQueueRef, notAssigned } from './queues/queue-refs.ts'
import { checkSubscriptions, isSubscription } from './subscriptions/subscription-rules.ts'

/** How much may be in hand: delivered and not settled. At a limit no more is pulled. */
export interface FlowLimits {
  /** Messages per queue. Default 512. */
  readonly unsettledPerQueue: number
  /** Stored bytes per queue. Default 16 MiB. */
  readonly unsettledBytesPerQueue: number
  /** Messages per topic. Default 0: no limit of its own, as Java's pullThresholdForTopic. */
  readonly unsettledPerTopic: number
  /** Stored bytes per topic. Default 0: no limit of its own, as Java's pullThresholdSizeForTopic. */
  readonly unsettledBytesPerTopic: number
  /** Messages of the whole consumer. Default 4,096. */
  readonly unsettled: number
  /** Stored bytes of the whole consumer. Default 128 MiB. */
  readonly unsettledBytes: number
  /** From the oldest unsettled offset of a queue to its newest. Default 2,000, as Java's consumeConcurrentlyMaxSpan. */
  readonly span: number
  /** Messages asked for at once. Default 32: brokers give no more. */
  readonly pullBatch: number
  /** After a pull that brought messages of a queue the next one of it waits so long, ms. Default 0, as Java's pullInterval. */
  readonly pullIntervalMs: number
}

/** What `flow` is where nothing else is said. */
export const FLOW_DEFAULTS: FlowLimits = {
  unsettledPerQueue: 512,
  unsettledBytesPerQueue: 16 << 20,
  unsettledPerTopic: 0,
  unsettledBytesPerTopic: 0,
  unsettled: 4_096,
  unsettledBytes: 128 << 20,
  span: 2_000,
  pullBatch: 32,
  pullIntervalMs: 0,
}

/** Where a group without a committed offset begins: what it does not say by itself, `events$` tells. */
export type StartFrom = 'first' | 'last' | Date

/** `clustering`: the members of a group share the queues. `broadcasting`: each member gets every message. */
export type MessageModel = 'clustering' | 'broadcasting'

/**
 * What becomes of a message that cannot be read: decompressed, decoded, or told apart from its checksum. `deliver-raw`:
 * the handler gets it all the same, with `delivery.decodeError` and `delivery.raw`; reading `delivery.message` throws.
 */
export type OnDecodeError = 'dead-letter' | 'retry-later' | 'ack' | 'deliver-raw'

/** What `client.consumer()` is told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ConsumerOptions<S extends readonly SubscriptionSpec[] = readonly SubscriptionSpec[]> {
  /** The consumer group: its members share the queues. */
  readonly group: string
  /** `[on(topic, { tags })]` or `[on(topic, { sql })]`, each topic once; all members of a group subscribe to the same. */
  readonly subscribe: S
  /**
   * Where a group without progress begins. Default `last`: with what is sent from now on. A broker of 4.9 cannot say that
   * there is no progress while it has the first message of a queue in memory: there, as Java's, it begins with that one.
   */
  readonly startFrom?: StartFrom
  /** Who gets a message: one member of the group, or each of them. Default `clustering`. */
  readonly model?: MessageModel
  /**
   * `queue`: one member consumes a queue at a time, which locks it at its broker, and handles one message of it at a time;
   * what fails is tried again in place. Default `none`.
   */
  readonly ordering?: 'none' | 'queue'
  /**
   * `at-most-once`: progress is committed before messages are handed out; a crash loses what was in hand, at most
   * `flow.unsettledPerQueue` of each queue. Default `at-least-once`.
   */
  readonly delivery?: 'at-least-once' | 'at-most-once'
  /**
   * `offset`: progress is one number per queue, and a queue has one consumer at a time. `pop`: brokers of RocketMQ 5 keep it
   * message by message, and all members may take from all queues; then `queue.queueId` of what is held may be -1, any queue
   * of a broker. Default `offset`.
   */
  readonly acknowledge?: 'offset' | 'pop'
  /**
   * With POP, how long a message is invisible to others until it comes again, unless it is settled or extended. ms, 5,000
   * to 300,000. Default 60,000, as Java's popInvisibleTime.
   */
  readonly invisibleMs?: number
  /** `auto`: queues are shared out among the members. A list: exactly these, whoever else has them. Default `auto`. */
  readonly assign?: 'auto' | readonly QueueRef[]
  /** How queues are shared out; all members of a group must say the same. Default `average`, as Java's. */
  readonly allocate?: AllocateOption
  /** How much may be in hand. Default: as `FlowLimits` says. */
  readonly flow?: Partial<FlowLimits>
  /**
   * A delivery that was begun and is not settled for so long is told in `failures$` and sent back (delay level 3), as
   * Java's consumeTimeout; where order is kept, or nothing can be sent back, it is only told. ms. Default 900,000.
   */
  readonly settleTimeoutMs?: number
  /**
   * Where progress is kept: `fileOffsets()`, `memoryOffsets()`, or a store of your own. Default: at the brokers, which
   * members share; in broadcasting `fileOffsets()`.
   */
  readonly offsets?: Offsets
  /**
   * Whether progress is committed by itself. `false`: by `commit$` alone, which tells what is settled by then; what was
   * settled since comes again after a stop, or elsewhere when the queue goes to another member. Default true.
   */
  readonly autoCommit?: boolean
  /** How progress is kept. */
  readonly commit?: {
    /** Between commits, ms. Default: the client's `timing.commitMs`, 5,000. */
    readonly everyMs?: number
  }
  /** What becomes of messages that are sent back. */
  readonly retry?: {
    /**
     * Redeliveries before a message goes to the dead letters. Default 16, as Java's maxReconsumeTimes; with
     * `ordering: 'queue'` 2,147,483,647, as Java.
     */
    readonly maxAttempts?: number
  }
  /**
   * What becomes of a message that cannot be read, in `process$` and `processBatch$`. Default `dead-letter`; `ack` in
   * broadcasting, which knows neither retries nor dead letters. `messages$` and `queues$` hand it out as any other.
   */
  readonly onDecodeError?: OnDecodeError
  /** Compare each body with its checksum. Default true. */
  readonly verifyBodyCrc?: boolean
  /**
   * Have every call of a handler traced in RocketMQ's own way, as it begins and when it has ended: records in batches to a
   * topic, see `TraceOptions`. `messages$` and `queues$` have no handler: nothing of theirs is traced. Default false.
   */
  readonly trace?: boolean | TraceOptions
}

export interface ConsumerSettings {
  readonly group: string
  readonly subscriptions: readonly SubscriptionSpec[]
  readonly startFrom: StartFrom
  readonly model: MessageModel
  readonly ordering: 'none' | 'queue'
  readonly delivery: 'at-least-once' | 'at-most-once'
  readonly acknowledge: 'offset' | 'pop'
  readonly invisibleMs: number
  readonly assign: 'auto' | readonly QueueRef[]
  readonly allocation: AllocationRule
  readonly flow: FlowLimits
  readonly settleTimeoutMs: number
  readonly offsets: Offsets | undefined
  readonly autoCommit: boolean
  readonly commitMs: number
  readonly maxAttempts: number
  readonly onDecodeError: OnDecodeError
  readonly verifyBodyCrc: boolean
  /** Undefined: nothing is traced. */
  readonly trace: TraceSettings | undefined
  /** The application asks for messages (lite pull), and says how far they are consumed. Absent: they are handed to it. */
  readonly polled?: boolean
}

/** What a consumer does where nothing else is said; `flow` as FLOW_DEFAULTS. */
export const CONSUMER_DEFAULTS = {
  startFrom: 'last',
  model: 'clustering',
  ordering: 'none',
  delivery: 'at-least-once',
  acknowledge: 'offset',
  invisibleMs: INVISIBLE_MS,
  assign: 'auto',
  allocate: 'average',
  settleTimeoutMs: 900_000,
  autoCommit: true,
  onDecodeError: 'dead-letter',
  verifyBodyCrc: true,
  trace: false,
} as const satisfies Partial<ConsumerOptions>

/** All options there are, and those that others are in. */
const KNOWN = {
  ...CONSUMER_DEFAULTS,
  group: 0,
  subscribe: 0,
  flow: 0,
  commit: 0,
  retry: 0,
  offsets: 0,
} satisfies Record<keyof ConsumerOptions, unknown>

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveConsumerOptions = (given: ConsumerOptions, commitMs: number): ConsumerSettings =>
  collected('a consumer', () => {
    const options = optionsOf('options', given) as ConsumerOptions
    checkNames('consumer', options, KNOWN)
    const settings = checkedOptions(options, commitMs)
    checkConflicts(options, settings)
    return settings
  })

const checkedOptions = (given: ConsumerOptions, commitMs: number): ConsumerSettings => {
  const d = CONSUMER_DEFAULTS
  noted(() => checkGroup(given.group))
  noted(() => checkSubscriptions(given))
  const { startFrom = d.startFrom } = given
  const isPlace = startFrom === 'first' || startFrom === 'last' || isTime(startFrom)
  expected('startFrom', startFrom, isPlace, '"first", "last" or a Date')
  const ordering = oneOf('ordering', given.ordering, d.ordering, ['none', 'queue'])
  const model = oneOf('model', given.model, d.model, ['clustering', 'broadcasting'])
  const fates = model === 'clustering' ? FATES : FATES.filter(fate => fate === 'ack' || fate === 'deliver-raw')
  const commit = optionsOf('commit', given.commit)
  checkNames('commit', commit, { everyMs: 0 })
  const retry = optionsOf('retry', given.retry)
  checkNames('retry', retry, { maxAttempts: 0 })
  return {
    group: given.group,
    subscriptions: Array.isArray(given.subscribe) ? given.subscribe.filter(isSubscription) : [],
    startFrom,
    model,
    ordering,
    delivery: oneOf('delivery', given.delivery, d.delivery, ['at-least-once', 'at-most-once']),
    acknowledge: oneOf('acknowledge', given.acknowledge, d.acknowledge, ['offset', 'pop']),
    invisibleMs: checkedInt('invisibleMs', given.invisibleMs, d.invisibleMs, INVISIBLE_BOUNDS),
    assign: checkedAssign(given.assign),
    allocation: resolveAllocate(given.allocate),
    flow: resolveFlow(given.flow),
    settleTimeoutMs: checkedMs('settleTimeoutMs', given.settleTimeoutMs, d.settleTimeoutMs),
    offsets: checkedOffsets(given.offsets),
    autoCommit: checkedBool('autoCommit', given.autoCommit, d.autoCommit),
    commitMs: checkedMs('commit.everyMs', commit.everyMs, commitMs),
    maxAttempts: checkedInt('retry.maxAttempts', retry.maxAttempts, ordering === 'queue' ? MANY : 16, [0]),
    onDecodeError: oneOf(
      'onDecodeError',
      given.onDecodeError,
      fates.includes(d.onDecodeError) ? d.onDecodeError : 'ack',
      fates,
    ),
    verifyBodyCrc: checkedBool('verifyBodyCrc', given.verifyBodyCrc, d.verifyBodyCrc),
    trace: resolveTrace(given.trace),
  }
}

const MANY = 2_147_483_647
const FATES: readonly OnDecodeError[] = ['dead-letter', 'retry-later', 'ack', 'deliver-raw']

const checkedOffsets = (offsets: unknown): Offsets | undefined => {
  if (offsets === undefined || typeof offsets === 'function') return offsets as Offsets | undefined
  wrong(
    illegal('offsets is no function that makes a store: expected fileOffsets(), memoryOffsets() or your own'),
    undefined,
  )
  return undefined
}

export const isTime = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())

const checkedAssign = (assign: unknown = 'auto'): 'auto' | readonly QueueRef[] => {
  if (assign === 'auto') return assign
  if (Array.isArray(assign) && assign.length > 0 && assign.every(isQueueRef)) return assign
  return wrong(notAssigned(), 'auto')
}
const resolveFlow = (told: Partial<FlowLimits> | undefined): FlowLimits => {
  const d = FLOW_DEFAULTS
  const given = optionsOf('flow', told)
  checkNames('flow', given, d)
  const limit = (name: keyof FlowLimits, ...most: [number?]): number =>
    checkedInt(`flow.${name}`, given[name], d[name], [1, ...most])
  return {
    unsettledPerQueue: limit('unsettledPerQueue', 65_535),
    unsettledBytesPerQueue: limit('unsettledBytesPerQueue'),
    unsettledPerTopic: checkedInt('flow.unsettledPerTopic', given.unsettledPerTopic, d.unsettledPerTopic, [0]),
    unsettledBytesPerTopic: checkedInt('flow.unsettledBytesPerTopic', given.unsettledBytesPerTopic, 0, [0]),
    unsettled: limit('unsettled'),
    unsettledBytes: limit('unsettledBytes'),
    span: limit('span', 65_535),
    pullBatch: limit('pullBatch', 1_024),
    pullIntervalMs: checkedMs('flow.pullIntervalMs', given.pullIntervalMs, d.pullIntervalMs, 0),
  }
}
