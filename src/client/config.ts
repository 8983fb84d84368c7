import type { NameServers } from '../nameserver/discovery.ts'
import type { Logger } from '../observability/logger.ts'
import { checkedMs } from './checks.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { checkNames } from './check-names.ts'
import type { HealthOptions } from './health-options.ts'
import type { RouteCoordinator } from './route-coordinator.ts'
import type { Runtime } from './runtime.ts'

/** All in ms. Each must be a positive integer (drainMs may be 0). */
export interface Timing {
  /** For one request and its answer. Default 3,000. */
  readonly requestTimeoutMs: number
  /** For one dial. Default 3,000. */
  readonly connectTimeoutMs: number
  /** Between refreshes of a route in use. Default 30,000, as Java's pollNameServerInterval. */
  readonly routeRefreshMs: number
  /** After a failed refresh. Default 10,000. */
  readonly routeRetryMs: number
  /** How long a route is believed when the name servers no longer know the topic. Default 60,000. */
  readonly routeTtlMs: number
  /** Between heartbeats to each broker in use. Default 30,000, as Java's heartbeatBrokerInterval. */
  readonly heartbeatMs: number
  /** How long unused connections and routes are kept. Default 60,000. */
  readonly idleMs: number
  /** Between commits of consumer offsets. Default 5,000. */
  readonly commitMs: number
  /** Between rebalances that nobody asked for. Default 20,000. */
  readonly rebalanceMs: number
  /** How long close, drain and `until` wait for what is in hand. Default 30,000. */
  readonly drainMs: number
}

/** What `timing` is where nothing else is said, ms. */
export const TIMING_DEFAULTS: Timing = {
  requestTimeoutMs: 3_000,
  connectTimeoutMs: 3_000,
  routeRefreshMs: 30_000,
  routeRetryMs: 10_000,
  routeTtlMs: 60_000,
  heartbeatMs: 30_000,
  idleMs: 60_000,
  commitMs: 5_000,
  rebalanceMs: 20_000,
  drainMs: 30_000,
}

/** What `createClient` is told. Only `nameServers` is required; what makes no sense throws ERR_RMQ_ILLEGAL. */
export interface ClientConfig {
  /** `host:port;host:port`, a list, or a function that gives a stream of lists. */
  readonly nameServers: NameServers
  /** Must be unique among running clients. Default `ip@pid#random`. */
  readonly clientId?: string
  /** Every wait and period, ms. Default: as `Timing` says. */
  readonly timing?: Partial<Timing>
  /** Sockets and frames. Default: as `ConnectionOptions` says. */
  readonly connection?: Partial<ConnectionOptions>
  /** When brokers count as ill and are avoided. Default: as `HealthOptions` says. */
  readonly health?: Partial<HealthOptions>
  /** Shares what is seen of brokers with other clients: see `createRouteCoordinator`. Default: nobody is told. */
  readonly coordinator?: RouteCoordinator
  /** Most requests without an answer on one connection. Default 10,000. */
  readonly maxInFlight?: number
  /** Replaces an address that a broker advertises by one that is reachable from here. Default: none is replaced. */
  readonly addressMap?: (address: string) => string
  /** pino or anything of its shape; `false` for silence. Default: pino at `warn` to stderr. */
  readonly logger?: Logger | false
  /** Time, chance and wire: the seam for tests. Default: real ones. */
  readonly runtime?: Partial<Runtime>
}

export const resolveTiming = (given: Partial<Timing> = {}): Timing => {
  checkNames('timing', given, TIMING_DEFAULTS)
  const entries = Object.entries(TIMING_DEFAULTS) as [keyof Timing, number][]
  return Object.fromEntries(
    entries.map(([name, fallback]) => [
      name,
      checkedMs(`timing.${name}`, given[name], fallback, name === 'drainMs' ? 0 : 1),
    ]),
  ) as unknown as Timing
}
