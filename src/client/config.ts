import { isObservable } from 'rxjs'
import type { NameServers } from '../nameserver/discovery.ts'
import type { Logger } from '../observability/logger.ts'
import { checkNamespace } from '../protocol/names.ts'
import type { Interceptor } from '../remoting/interceptors.ts'
import { expected, isFunction, isListOf, isText, optionsOf } from './check-kinds.ts'
import { checkedBool, checkedInt, checkedMs, oneOf } from './checks.ts'
import { resolveConnection } from './connection-options.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { checkNames } from './check-names.ts'
import { resolveHealth } from './health-options.ts'
import type { HealthOptions } from './health-options.ts'
import type { RouteCoordinator } from './route-coordinator.ts'
import { checkCredentials } from '../remoting/signing.ts'
import type { CredentialsSource } from '../remoting/signing.ts'
import { collected, noted } from './problems.ts'
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

/** Whether brokers answer heartbeats. */
export type HeartbeatMode = 'request' | 'oneway'

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
  /** Shares what is seen of brokers with other clients: see `createRouteCoordinator`, `topicCoordinator`. Default: nobody is told. */
  readonly coordinator?: RouteCoordinator
  /** Most requests without an answer on one connection. Default 10,000. */
  readonly maxInFlight?: number
  /** Stands before every topic and group on the wire, `ns%name`, and nowhere else. Default: none. */
  readonly namespace?: string
  /** Who signs the requests (ACL): fixed, or a function that is asked again when a broker refuses them. Default: nobody. */
  readonly credentials?: CredentialsSource
  /** Around whatever is said to servers, the first one outermost: see `Interceptor`. None cost nothing. Default: none. */
  readonly interceptors?: readonly Interceptor[]
  /** `request`: brokers confirm heartbeats. `oneway`: written is enough, nothing is confirmed. Default `request`. */
  readonly heartbeatMode?: HeartbeatMode
  /** Replaces an address that a broker advertises by one that is reachable from here. Default: none is replaced. */
  readonly addressMap?: (address: string) => string
  /** pino or anything of its shape; `false` for silence. Default: pino at `warn` to stderr. */
  readonly logger?: Logger | false
  /** Have the logger that is made where none is given tell everything, from `debug` on. Default false. */
  readonly debug?: boolean
  /** Time, chance and wire: the seam for tests. Default: real ones. */
  readonly runtime?: Partial<Runtime>
}

export const resolveTiming = (given: Partial<Timing> = {}): Timing =>
  collected('timing', () => {
    checkNames('timing', given, TIMING_DEFAULTS)
    const entries = Object.entries(TIMING_DEFAULTS) as [keyof Timing, number][]
    return Object.fromEntries(
      entries.map(([name, fallback]) => [
        name,
        checkedMs(`timing.${name}`, given[name], fallback, name === 'drainMs' ? 0 : 1),
      ]),
    ) as unknown as Timing
  })

/** What of a config is checked and completed; the rest is taken as it is. */
export interface ClientSettings {
  readonly timing: Timing
  readonly connection: ConnectionOptions
  readonly health: HealthOptions
  readonly maxInFlight: number
  readonly clientId: string | undefined
  readonly namespace: string | undefined
  readonly credentials: CredentialsSource | undefined
  readonly interceptors: readonly Interceptor[]
  readonly heartbeatMode: HeartbeatMode
  readonly debug: boolean
}

/** Every name that a config may have. */
const NAMES: Readonly<Record<keyof ClientConfig, true>> = {
  nameServers: true,
  clientId: true,
  timing: true,
  connection: true,
  health: true,
  coordinator: true,
  maxInFlight: true,
  namespace: true,
  credentials: true,
  interceptors: true,
  heartbeatMode: true,
  addressMap: true,
  logger: true,
  debug: true,
  runtime: true,
}

/** Complete and checked; one ERR_RMQ_ILLEGAL tells all that is wrong. `undefined` means the default. */
export const resolveClientConfig = (config: ClientConfig): ClientSettings =>
  collected('a client', () => {
    const given = optionsOf('config', config) as ClientConfig
    const { nameServers, clientId, namespace, credentials, interceptors = [], addressMap, logger = false } = given
    const { coordinator } = given
    checkNames('config', given, NAMES)
    const areServers = isText(nameServers) || isFunction(nameServers) || isListOf(nameServers, isText)
    expected('nameServers', nameServers, areServers, 'a text, a list of texts or a function')
    const isId = clientId === undefined || (isText(clientId) && clientId.trim() !== '')
    expected('clientId', clientId, isId, 'a text that is not blank')
    expected('addressMap', addressMap, addressMap === undefined || isFunction(addressMap), 'a function')
    expected('logger', logger, logger === false || isLogger(logger), 'a logger such as pino, or false')
    expected('interceptors', interceptors, isListOf(interceptors, isFunction), 'a list of functions')
    expected('coordinator', coordinator, coordinator === undefined || isCoordinator(coordinator), 'a RouteCoordinator')
    optionsOf('runtime', given.runtime)
    noted(() => checkNamespace(namespace))
    noted(() => checkCredentials(credentials))
    return {
      timing: resolveTiming(optionsOf('timing', given.timing)),
      connection: resolveConnection(optionsOf('connection', given.connection)),
      health: resolveHealth(optionsOf('health', given.health)),
      maxInFlight: checkedInt('maxInFlight', given.maxInFlight, 10_000, [1, 1_000_000]),
      clientId,
      namespace: namespace === '' ? undefined : namespace,
      credentials,
      interceptors,
      heartbeatMode: oneOf('heartbeatMode', given.heartbeatMode, 'request', ['request', 'oneway']),
      debug: checkedBool('debug', given.debug, false),
    }
  })

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const isLogger = (logger: Logger): boolean =>
  LEVELS.every(level => isFunction((logger as Partial<Logger> | null)?.[level]))

const isCoordinator = (given: RouteCoordinator): boolean => {
  const { publish, outcomes$, failures$ }: Partial<RouteCoordinator> = Object(given) as object // it may be JavaScript's
  return isFunction(publish) && isObservable(outcomes$) && (failures$ === undefined || isObservable(failures$))
}
