import { illegal } from '../errors.ts'
import { checkNames } from './check-names.ts'
import { checkedBool, checkedInt, checkedMs, oneOf } from './checks.ts'
import { wrong } from './problems.ts'
import type { HeartbeatFailure } from './standing.ts'

/** When brokers count as ill, and how they get well again. */
export interface HealthOptions {
  /** Failures in a row that make a healthy broker degraded. Default 3. 1 to 1,000. */
  readonly degradedAfter: number
  /** Failures in a row that make it unhealthy. Default 5. Not less than degradedAfter, up to 1,000. */
  readonly unhealthyAfter: number
  /** Successes in a row that make it healthy again. Default 5. 1 to 1,000. */
  readonly healthyAfter: number
  /** What a failed heartbeat does: see `HeartbeatFailure`. Default `degrade`. */
  readonly heartbeatFailure: HeartbeatFailure
  /** Whether a slow or failing broker is avoided for a while, as Java's sendLatencyFaultEnable. Default false, as there. */
  readonly avoidSlow: boolean
  /** Between heartbeats that ask an avoided broker how it is, ms; 0: only the usual ones. Default 30,000. */
  readonly probeMs: number
}

/** What `health` is where nothing else is said. */
export const HEALTH_DEFAULTS: HealthOptions = {
  degradedAfter: 3,
  unhealthyAfter: 5,
  healthyAfter: 5,
  heartbeatFailure: 'degrade',
  avoidSlow: false,
  probeMs: 30_000,
}

const RUN = [1, 1_000] as const

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveHealth = (given: Partial<HealthOptions> = {}): HealthOptions => {
  const d = HEALTH_DEFAULTS
  checkNames('health', given, d)
  const run = (name: 'degradedAfter' | 'unhealthyAfter' | 'healthyAfter'): number =>
    checkedInt(`health.${name}`, given[name], d[name], RUN)
  const options: HealthOptions = {
    degradedAfter: run('degradedAfter'),
    unhealthyAfter: run('unhealthyAfter'),
    healthyAfter: run('healthyAfter'),
    heartbeatFailure: oneOf('health.heartbeatFailure', given.heartbeatFailure, d.heartbeatFailure, [
      'degrade',
      'count',
      'ignore',
    ]),
    avoidSlow: checkedBool('health.avoidSlow', given.avoidSlow, d.avoidSlow),
    probeMs: checkedMs('health.probeMs', given.probeMs, d.probeMs, 0),
  }
  const { degradedAfter, unhealthyAfter } = options
  if (unhealthyAfter >= degradedAfter) return options
  const told = `health.unhealthyAfter is ${unhealthyAfter}: expected no less than health.degradedAfter, ${degradedAfter}`
  return wrong(illegal(told), options)
}
