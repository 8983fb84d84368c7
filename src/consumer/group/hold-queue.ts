import type { SharedClient } from '../../client/shared-client.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { createBudget } from '../queues/budget.ts'
import type { QueueBudget, SharedLimits } from '../queues/budget.ts'
import type { ConsumeMeter } from './consume-stats.ts'
import type { GroupBroker } from './group-broker.ts'
import { createHeldQueue } from '../queues/held-queue.ts'
import type { HeldQueue } from '../queues/held-queue.ts'
import type { OffsetKeeper } from '../offsets/offset-keeper.ts'
import type { ConsumerSettings } from '../options.ts'
import type { PopBroker } from '../pop/pop-broker.ts'
import { createPopQueue } from '../pop/pop-queue.ts'
import type { QueueLocks } from '../queues/queue-locks.ts'
import type { Reading } from '../queues/reading.ts'
import { startPosition$ } from '../offsets/start-position.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'

export interface HoldingOptions {
  readonly shared: Pick<SharedClient, 'runtime' | 'timing' | 'report'>
  readonly settings: ConsumerSettings
  readonly broker: GroupBroker
  /** Where brokers keep progress message by message. */
  readonly pops: PopBroker | undefined
  readonly offsets: OffsetKeeper
  /** Where members lock what they consume. */
  readonly locks: QueueLocks | undefined
  readonly subscriptions: Pick<Subscriptions, 'accepts'>
  readonly reading: Reading
  readonly meter: ConsumeMeter
  readonly isPaused: (queue: QueueRef) => boolean
}

/** Begins to hold queues, which share the credits of their consumer. */
export const createHolding = (options: HoldingOptions): ((queue: MessageQueue) => HeldQueue) => {
  const { shared, settings, broker, pops, offsets, locks, subscriptions, reading, meter, isPaused } = options
  const { report, timing } = shared
  const { scheduler, asap } = shared.runtime
  const { group, flow, invisibleMs, maxAttempts } = settings
  const total = createBudget({ messages: flow.unsettled, bytes: flow.unsettledBytes }, flow.pullBatch)
  const perTopic = new Map<string, SharedLimits>()

  const limitsOf = (topic: string): SharedLimits | undefined => {
    const { unsettledPerTopic, unsettledBytesPerTopic } = flow
    if (unsettledPerTopic + unsettledBytesPerTopic === 0) return undefined
    const given = { messages: unsettledPerTopic || Infinity, bytes: unsettledBytesPerTopic || Infinity }
    const limits = perTopic.get(topic) ?? total.shared(given)
    perTopic.set(topic, limits)
    return limits
  }
  const budgetOf = ({ topic }: MessageQueue): QueueBudget =>
    total.queue({ messages: flow.unsettledPerQueue, bytes: flow.unsettledBytesPerQueue }, limitsOf(topic))

  return queue => {
    const common = {
      ...reading,
      accepts: subscriptions.accepts.bind(undefined, queue.topic),
      budget: budgetOf(queue),
      intervalMs: flow.pullIntervalMs,
      isPaused,
      report,
      group,
      drainMs: timing.drainMs,
      scheduler,
      asap,
    }
    if (pops !== undefined) return createPopQueue(queue, { ...common, ...pops, invisibleMs, maxAttempts })
    return createHeldQueue(queue, {
      ...common,
      ...locks,
      pull$: broker.pull$,
      sendBack$: broker.sendBack$,
      maxAttempts,
      startPosition$: at => startPosition$(offsets.load$(at), broker.start$(at)),
      commit$: offsets.commit$,
      polled: settings.polled,
      autoCommit: settings.autoCommit,
      atMostOnce: settings.delivery === 'at-most-once',
      span: flow.span,
      onPulled: (_, messages, ms) => {
        if (messages > 0) meter.of(queue.topic).pulled(messages, ms)
      },
    })
  }
}
