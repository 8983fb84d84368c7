import Long from 'long'
import type { BrokerContext } from './broker-context.ts'
import type { OrderedQueue } from './pop-orders.ts'

/** Where a group goes on in a queue, or begins: at its first message, or just before its end once messages were dropped. */
export const startOf = (
  { log, offsets }: Pick<BrokerContext, 'log' | 'offsets'>,
  { group, topic, queueId }: OrderedQueue,
  fromEnd: boolean,
): Long => {
  const { min, max } = log.existing(topic, queueId)?.range() ?? { min: 0, max: 0 }
  const first = fromEnd && min > 0 ? max - 1 : min
  return offsets.get(group, topic, queueId) ?? Long.fromNumber(first)
}
