/** How well a broker does. Only a person suspends; everything else follows from what comes of requests. */
export type HealthState = 'healthy' | 'degraded' | 'unhealthy' | 'suspended'

/** How many outcomes in a row change a broker's state, and what a failed heartbeat means. */
export interface HealthPolicy {
  readonly degradedAfter: number
  readonly unhealthyAfter: number
  readonly healthyAfter: number
  readonly heartbeatFailure: HeartbeatFailure
}

/** `degrade`: makes a healthy broker degraded, and never worse by itself. `count`: as a failed send. `ignore`: nothing. */
export type HeartbeatFailure = 'degrade' | 'count' | 'ignore'

/** Where a broker stands. The two numbers are runs: either outcome ends the run of the other. */
export interface Standing {
  readonly state: HealthState
  /** Successes in a row, counted while they may heal. */
  readonly successes: number
  readonly failures: number
  /** When the suspension ends by itself, ms; `Infinity`: when somebody ends it. */
  readonly suspendedUntil?: number
}

export type StandingEvent =
  | { readonly type: 'succeeded' | 'failed' | 'beat-failed' | 'recovered' }
  | { readonly type: 'suspended'; readonly until: number }
  | { readonly type: 'clock'; readonly at: number }

export const WELL: Standing = { state: 'healthy', successes: 0, failures: 0 }

/** Pure: time comes in the event. What changes nothing gives the same standing, so that the usual success costs nothing. */
export const nextStanding =
  (policy: HealthPolicy) =>
  (standing: Standing, event: StandingEvent): Standing => {
    switch (event.type) {
      case 'suspended':
        return { state: 'suspended', successes: 0, failures: 0, suspendedUntil: event.until }
      case 'recovered':
        return WELL
      case 'clock':
        return (standing.suspendedUntil ?? Infinity) <= event.at ? WELL : standing
      case 'succeeded':
        return afterSuccess(policy, standing)
      case 'failed':
        return afterFailure(policy, standing)
      case 'beat-failed':
        return afterMissedBeat(policy, standing)
    }
  }

const afterSuccess = ({ healthyAfter }: HealthPolicy, standing: Standing): Standing => {
  if (standing.state === 'suspended') return standing
  if (standing.state === 'healthy') return standing.failures === 0 ? standing : WELL
  const successes = standing.successes + 1
  return successes >= healthyAfter ? WELL : { state: standing.state, successes, failures: 0 }
}

const afterFailure = ({ degradedAfter, unhealthyAfter }: HealthPolicy, standing: Standing): Standing => {
  if (standing.state === 'suspended') return standing
  const failures = standing.failures + 1
  const fallen = failures >= unhealthyAfter ? 'unhealthy' : failures >= degradedAfter ? 'degraded' : standing.state
  return { state: standing.state === 'unhealthy' ? 'unhealthy' : fallen, successes: 0, failures }
}

const afterMissedBeat = (policy: HealthPolicy, standing: Standing): Standing => {
  if (policy.heartbeatFailure === 'ignore' || standing.state === 'suspended') return standing
  if (policy.heartbeatFailure === 'count') return afterFailure(policy, standing)
  const state = standing.state === 'healthy' ? 'degraded' : standing.state
  return { state, successes: 0, failures: standing.failures }
}
