import Long from 'long'
import type { Passes } from './filters.ts'
import { encodeStoredMessage } from '../protocol/messages/encode-stored-message.ts'
import { encodePopCheckPoint, ORDERED_REVIVE_QUEUE } from '../protocol/pop/pop-check-point.ts'
import type { OrderCount, QueueMessages, QueueStart } from '../protocol/pop/pop-infos.ts'
import { topicMarkOf } from '../protocol/pop/pop-retry-topic.ts'
import { PROPERTY, writeProperties } from '../protocol/messages/properties.ts'
import { BROKER_DEFAULTS, STORE_DEFAULTS } from '../protocol/server-defaults.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import type { BrokerContext } from './broker-context.ts'
import { readAllOf } from './pop-read.ts'
import { popRetryTopicOf } from './pop-revive.ts'
import { startOf } from './pop-start.ts'

/** A pop, checked. */
export interface PopOrder {
  readonly group: string
  readonly topic: string
  readonly queueIds: readonly number[]
  readonly most: number
  readonly invisibleMs: number
  /** Where a group without progress begins: at the end instead of at the beginning. */
  readonly fromEnd: boolean
  readonly ordered: boolean
  readonly attemptId: string | undefined
  readonly passes: Passes
}

/** What a pop was given, as its answer tells it. */
export interface Taken {
  readonly popTime: number
  readonly reviveQueueId: number
  readonly parts: readonly Buffer[]
  readonly starts: readonly QueueStart[]
  readonly queues: readonly QueueMessages[]
  readonly counts: readonly OrderCount[]
  /** Messages that are left, roughly. */
  readonly rest: number
}

interface Taking {
  readonly order: PopOrder
  readonly popTime: number
  readonly reviveQueueId: number
  readonly parts: Buffer[]
  readonly starts: QueueStart[]
  readonly queues: QueueMessages[]
  readonly counts: OrderCount[]
  rest: number
}

const everything = (): boolean => true

/**
 * Takes messages of any of the queues, from a random one on, and of the group's retry topic. A group's progress moves on
 * at once, what is not acknowledged comes again; but not so when it is popped in order.
 */
export const take = (context: BrokerContext, order: PopOrder): Taken => {
  const { timers, pops, random } = context
  const taking: Taking = {
    order,
    popTime: timers.now(),
    reviveQueueId: order.ordered ? ORDERED_REVIVE_QUEUE : pops.nextReviveQueueId(),
    parts: [],
    starts: [],
    queues: [],
    counts: [],
    rest: 0,
  }
  const { queueIds, topic } = order
  const start = random(queueIds.length)
  const own = [...queueIds.slice(start), ...queueIds.slice(0, start)].map(queueId => ({ topic, queueId }))
  const retry = order.ordered ? [] : [{ topic: popRetryTopicOf(topic, order.group), queueId: 0 }]
  // Or what comes again would wait as long as there is anything new.
  const retryFirst = random(100) < BROKER_DEFAULTS.popFromRetryProbability
  for (const queue of retryFirst ? [...retry, ...own] : [...own, ...retry]) takeFrom(context, taking, queue)
  return taking
}

const takeFrom = (
  context: BrokerContext,
  taking: Taking,
  { topic, queueId }: { readonly topic: string; readonly queueId: number },
): void => {
  const { order, popTime, reviveQueueId } = taking
  const { group, ordered, invisibleMs, attemptId } = order
  const queue = context.log.existing(topic, queueId)
  const isRetry = topic !== order.topic
  const most = order.most - taking.parts.length
  const at = { topic, group, queueId }
  if (queue === undefined || (ordered && context.pops.orders.blockedUntil(at, attemptId) !== undefined)) return
  const from = startOf(context, at, order.fromEnd && !isRetry)
  if (most <= 0) {
    taking.rest += Math.max(0, queue.range().max - from.toNumber())
    return
  }
  const limits = { messages: most, bytes: STORE_DEFAULTS.maxTransferBytesOnMessageInMemory }
  const { next, parts } = readAllOf(queue, from, limits, isRetry ? everything : order.passes)
  taking.rest += queue.range().max - next
  const offsets = parts.map(offsetOf)
  const [startOffset] = offsets
  // An ordered group stays at what it has not acknowledged.
  context.offsets.set(group, topic, queueId, Long.fromNumber(ordered ? (startOffset ?? next) : next))
  if (startOffset === undefined) return

  const mark = topicMarkOf(isRetry ? topic : '')
  taking.starts.push({ mark, queueId, startOffset: Long.fromNumber(startOffset) })
  taking.queues.push({ mark, queueId, queueOffsets: offsets.map(offset => Long.fromNumber(offset)) })
  if (ordered) taking.counts.push(...context.pops.orders.begin(at, { offsets, popTime, invisibleMs, attemptId }))
  else context.pops.checkPoints.add({ ...at, startOffset, popTime, invisibleMs }, offsets)
  if (!isRetry) {
    taking.parts.push(...parts)
    return
  }
  const handle = {
    startOffset: Long.fromNumber(startOffset),
    popTime: Long.fromNumber(popTime),
    invisibleTime: Long.fromNumber(invisibleMs),
    reviveQueueId,
    mark,
    brokerName: context.name,
    queueId,
  }
  for (const [i, part] of parts.entries()) {
    const queueOffset = Long.fromNumber(offsets[i] ?? 0)
    taking.parts.push(disguised(part, order.topic, encodePopCheckPoint({ ...handle, queueOffset })))
  }
}

const offsetOf = (part: Buffer): number => readStoredMessages(part).messages[0]?.queueOffset.toNumber() ?? 0

/** A message of the retry topic as if it were of the topic itself; its handle tells the truth. */
const disguised = (part: Buffer, topic: string, handle: string): Buffer => {
  const message = readStoredMessages(part).messages[0]
  if (message === undefined) return part
  const { queueId, flag, queueOffset, physicalOffset, sysFlag, bornTimestamp, bornHost } = message
  const { storeTimestamp, storeHost, reconsumeTimes, preparedTransactionOffset, storedBody } = message
  return encodeStoredMessage({
    queueId,
    flag,
    queueOffset,
    physicalOffset,
    sysFlag,
    bornTimestamp,
    bornHost,
    storeTimestamp,
    storeHost,
    reconsumeTimes,
    preparedTransactionOffset,
    storedBody,
    topic,
    propertiesText: writeProperties({ ...message.properties, [PROPERTY.POP_CK]: handle }),
  })
}
