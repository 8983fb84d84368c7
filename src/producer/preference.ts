import type { HealthView } from '../client/health.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'

/** What one attempt of a message knows of brokers. */
export interface Preference {
  readonly health: HealthView
  /** Brokers that failed this message. */
  readonly tried: ReadonlySet<string>
  /** The one that failed it last. */
  readonly last: string | undefined
}

/**
 * How reluctantly a broker is asked, in the order of `MQFaultStrategy`: well and not tried; not well, but not tried; tried,
 * but not last; whoever is left; and only then the suspended.
 */
export const reluctance = (brokerName: string, { health, tried, last }: Preference): number => {
  const rank = health.rank(brokerName)
  if (rank === 3) return 4
  if (rank === 2) return 3
  if (!tried.has(brokerName)) return rank
  return brokerName === last ? 3 : 2
}

/** Up to which reluctance there is something to choose from. 0 in the usual case, without looking at the queues. */
export const leastReluctance = (queues: readonly MessageQueue[], preference: Preference): number => {
  if (preference.health.allWell && preference.tried.size === 0) return 0
  let least = Infinity
  for (const { brokerName } of queues) least = Math.min(least, reluctance(brokerName, preference))
  return least
}
