import type { BrokerContext } from './broker-context.ts'
import type { Watched } from './pop-holds.ts'
import { popRetryTopicOf } from './pop-revive.ts'
import type { PopOrder } from './pop-take.ts'

type Waited = Pick<PopOrder, 'topic' | 'group' | 'queueIds' | 'ordered' | 'passes'>

/** Where something may arrive for a pop that waits: its queues, and what comes again for its group. */
export const watchedQueues = (
  { log }: BrokerContext,
  { topic, group, queueIds, ordered, passes }: Waited,
): Watched[] => [
  ...queueIds.map(queueId => ({ queue: log.queue(topic, queueId), passes })),
  ...(ordered ? [] : [{ queue: log.queue(popRetryTopicOf(topic, group), 0), passes: () => true }]),
]

/** When the first of the queues opens by itself that are closed until others acknowledge; undefined when none is. */
export const unblockedAt = (
  { pops }: BrokerContext,
  { topic, group, queueIds, attemptId }: Pick<PopOrder, 'topic' | 'group' | 'queueIds' | 'attemptId'>,
): number | undefined => {
  const closed = queueIds.flatMap(queueId => pops.orders.blockedUntil({ topic, group, queueId }, attemptId) ?? [])
  return closed.length === 0 ? undefined : Math.min(...closed)
}
