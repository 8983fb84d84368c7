import type { BrokerOutcome } from '../client/route-coordinator.ts'
import type { QueueSelector } from '../producer/selection.ts'

/** More brokers than any cluster has; of more, those noted longest ago are forgotten. */
const MOST_FAILING = 1_024

/** Bad news of a broker is not given to that broker, if there is another one: nobody answers to say that it got lost. */
export const createQueueElsewhere = (): {
  readonly note: (outcome: BrokerOutcome) => void
  readonly select: QueueSelector
} => {
  const failing = new Set<string>()
  let turn = 0
  return {
    note: ({ brokerName, ok }) => {
      failing.delete(brokerName)
      if (ok) return
      for (const oldest of failing) if (failing.size >= MOST_FAILING) failing.delete(oldest)
      failing.add(brokerName)
    },
    select: ({ preferred, queues }) => {
      const elsewhere = [preferred, queues].map(some => some.filter(({ brokerName }) => !failing.has(brokerName)))
      const among = elsewhere.find(some => some.length > 0) ?? preferred
      return among[turn++ % among.length]
    },
  }
}
