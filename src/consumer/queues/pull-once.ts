import Long from 'long'
import type { Pulled, PullHeader } from '../../broker/pulling.ts'
import { checkNames } from '../../client/check-names.ts'
import { expected, isFunction, optionsOf } from '../../client/check-kinds.ts'
import { checkedInt, checkedMs } from '../../client/checks.ts'
import { collected, noted } from '../../client/problems.ts'
import { toInbound } from '../../client/received.ts'
import { illegal } from '../../errors.ts'
import { codecs } from '../../messages/codecs.ts'
import type { Codec } from '../../messages/codecs.ts'
import type { Inbound } from '../../messages/message.ts'
import { toQueueOffset } from '../../messages/offsets.ts'
import type { OffsetLike, QueueRef } from '../../messages/offsets.ts'
import { topic } from '../../messages/topic.ts'
import type { MessageFilter } from '../../messages/topic.ts'
import { checkGroup } from '../../protocol/names.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import { matchesTag, tagSubscription } from '../../protocol/subscription.ts'
import type { SubscriptionData } from '../../protocol/subscription.ts'
import { pullFlags } from '../../protocol/sys-flags.ts'
import { on } from '../subscriptions/on.ts'
import { pulledPage } from './pulled-page.ts'
import { checkSubscription } from '../subscriptions/subscription-rules.ts'
import { subscriptionData } from '../subscriptions/subscriptions.ts'

/** What a single pull is told. */
export interface PullOptions<T = Uint8Array> {
  /** The first offset that is wanted. */
  readonly offset: OffsetLike
  /** Messages at most, 1 to 1,024; brokers give no more than 32 at once. Default 32. */
  readonly max?: number
  /** Which messages: tags or SQL92, as of `on`. Default: all. */
  readonly filter?: MessageFilter
  /**
   * How long the broker may wait for a message when there is none, ms; it looks every 5 s whether that time is over.
   * Default 0: it answers at once.
   */
  readonly waitMs?: number
  /** How bodies are read. Default: raw bytes. */
  readonly codec?: Codec<T>
  /** In whose name, for brokers that look at that; nothing of it changes. Default `TOOLS_CONSUMER`, which each broker has. */
  readonly group?: string
}

/** What one pull brought; by Java's names. */
export interface PullResult<T = unknown> {
  /**
   * `FOUND`: a page, which may be empty when its messages have other tags. `NO_NEW_MSG`: nothing there yet.
   * `NO_MATCHED_MSG`: nothing of what was looked at passes the filter. `OFFSET_ILLEGAL`: the queue has no such offset.
   */
  readonly status: 'FOUND' | 'NO_NEW_MSG' | 'NO_MATCHED_MSG' | 'OFFSET_ILLEGAL'
  readonly messages: readonly Inbound<string, T>[]
  /** Where to go on, whatever the status. */
  readonly nextOffset: Long
  /** The first offset of the queue. */
  readonly minOffset: Long
  /** One past its last. */
  readonly maxOffset: Long
}

/** Tools pull in this name; every broker knows it. */
const TOOLS = 'TOOLS_CONSUMER'
/** How long an answer may take beyond the wait: brokers look every 5 s whether that is over. */
const GRACE_MS = 10_000

export interface OncePull {
  readonly header: PullHeader
  readonly timeoutMs: number
  readonly toResult: (pulled: Pulled) => PullResult
}

const KNOWN = { offset: 0, max: 0, filter: 0, waitMs: 0, codec: 0, group: 0 } satisfies Record<keyof PullOptions, 0>

const offsetOf = (offset: OffsetLike | undefined): Long => {
  if (offset === undefined) throw illegal('offset is undefined: a pull needs one to begin at')
  return toQueueOffset(offset)
}

/** The request and what its answer means. Throws ERR_RMQ_ILLEGAL for options that make no sense. */
export const oncePull = (queue: QueueRef, given: PullOptions<unknown>): OncePull =>
  collected('a pull', () => {
    const options = optionsOf('options', given) as PullOptions<unknown>
    checkNames('pull', options, KNOWN)
    const { group = TOOLS, codec = codecs.buffer, filter = {} } = options
    noted(() => checkGroup(group))
    const { decode } = Object(codec) as Partial<Codec<unknown>> // it may be JavaScript's
    expected('codec', codec, isFunction(decode), 'a codec')
    let queueOffset = Long.ZERO
    noted(() => (queueOffset = offsetOf(options.offset)))
    let subscription = tagSubscription(queue.topic, '*', Long.ZERO)
    noted(() => checkSubscription(on(topic(queue.topic))))
    noted(() => (subscription = subscriptionData(on(topic(queue.topic), filter), Long.ZERO)), 'filter')
    const waitMs = checkedMs('waitMs', options.waitMs, 0, 0)
    return {
      header: {
        consumerGroup: group,
        topic: queue.topic,
        queueId: queue.queueId,
        queueOffset,
        maxMsgNums: checkedInt('max', options.max, 32, [1, 1_024]),
        sysFlag: pullFlags({ suspend: waitMs > 0, subscription: true }),
        commitOffset: Long.ZERO,
        suspendTimeoutMillis: Long.fromNumber(waitMs),
        subscription: subscription.subString,
        subVersion: Long.ZERO,
        expressionType: subscription.expressionType,
        bname: queue.brokerName,
      },
      timeoutMs: waitMs + GRACE_MS,
      toResult: pulled => resultOf(pulled, queue, { queueOffset, subscription, codec }),
    }
  })

interface Wanted {
  readonly queueOffset: Long
  readonly subscription: SubscriptionData
  readonly codec: Codec<unknown>
}

const resultOf = (pulled: Pulled, queue: QueueRef, { queueOffset, subscription, codec }: Wanted): PullResult => {
  const { status, minOffset, maxOffset } = pulled
  const { messages, nextOffset } = pulledPage(pulled, queue, queueOffset)
  return {
    status,
    messages: messages
      .filter(stored => matchesTag(subscription, stored.properties[PROPERTY.TAGS]))
      .map(stored => toInbound(stored, queue, queue.topic, codec, true)),
    nextOffset,
    minOffset,
    maxOffset,
  }
}
