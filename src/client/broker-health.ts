import { successRate } from './broker-counts.ts'
import type { BrokerCounts } from './broker-counts.ts'
import type { LatencyFault } from './latency-fault.ts'
import type { HealthState, Standing } from './standing.ts'

/**
 * How gladly a broker is used. 0: like any other. 1: when no other is well. 2: as a last resort. 3: never, unless there is
 * nothing else.
 */
export type Rank = 0 | 1 | 2 | 3

/** What is known of one broker's health. Numbers of requests are this client's own; times are ms of its scheduler. */
export interface BrokerHealth {
  readonly brokerName: string
  /** `host:port` of its master, where a route named it. */
  readonly endpoint: string | undefined
  readonly state: HealthState
  /** How gladly it is used: 0 like any other, 1 when no other is well, 2 as a last resort, 3 when there is nothing else. */
  readonly rank: Rank
  /** When the suspension, or the avoidance for slowness, ends by itself. `Infinity`: when `recoverBroker` is called. */
  readonly avoidedUntil: number | undefined
  /** Whether it was there when it was last heard of; only known where slow brokers are avoided. */
  readonly reachable: boolean
  readonly consecutiveSuccesses: number
  readonly consecutiveFailures: number
  readonly requests: number
  readonly failed: number
  /** From 0 to 1; 1 while nothing was asked. */
  readonly successRate: number
  /** Over the last hundred or so. */
  readonly averageLatencyMs: number
  readonly maxLatencyMs: number
  readonly lastSuccessAt: number | undefined
  readonly lastFailureAt: number | undefined
}

/** What a broker's health is made of. */
export interface Known {
  readonly brokerName: string
  readonly endpoint: string | undefined
  readonly standing: Standing
  readonly fault: LatencyFault | undefined
  readonly counts: Readonly<BrokerCounts>
  readonly rank: Rank
}

/** A degraded broker is used like any other if it carried out more than this share of what it was asked. */
const GOOD_RATE = 0.8

/** Pure. The worse of what the runs of outcomes say and what the latencies say. */
export const rankOf = ({ standing, counts, fault }: Pick<Known, 'standing' | 'counts' | 'fault'>, at: number): Rank => {
  if (standing.state === 'suspended') return 3
  if (standing.state === 'unhealthy') return 2
  const slow = fault !== undefined && fault.availableFrom > at
  if (slow && !fault.reachable) return 2
  return slow || (standing.state === 'degraded' && successRate(counts) <= GOOD_RATE) ? 1 : 0
}

/** Pure. What is told of it. */
export const healthView = (
  { brokerName, endpoint, standing, fault, counts, rank }: Known,
  at: number,
): BrokerHealth => ({
  brokerName,
  endpoint,
  state: standing.state,
  rank,
  avoidedUntil:
    standing.suspendedUntil ?? (fault !== undefined && fault.availableFrom > at ? fault.availableFrom : undefined),
  reachable: fault?.reachable ?? true,
  consecutiveSuccesses: standing.state === 'healthy' ? counts.successRun : standing.successes,
  consecutiveFailures: standing.failures,
  requests: counts.requests,
  failed: counts.failed,
  successRate: successRate(counts),
  averageLatencyMs: counts.averageLatencyMs,
  maxLatencyMs: counts.maxLatencyMs,
  lastSuccessAt: counts.lastSuccessAt,
  lastFailureAt: counts.lastFailureAt,
})
