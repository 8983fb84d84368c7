import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { illegal } from '../errors.ts'
import type { AclCredentials } from '../protocol/acl-signature.ts'
import { MAX_QUEUES } from '../protocol/bodies/bodies.ts'
import { BROKER_DEFAULTS, STORE_DEFAULTS } from '../protocol/server-defaults.ts'
import { parseDelayLevels } from './delay-levels.ts'

/** What `startEmbeddedCluster` may be told; everything has a default. */
export interface EmbeddedClusterOptions {
  /** Number of master brokers, named `broker-a`, `broker-b`, ...; default 1. */
  readonly brokers?: number | undefined
  /** Address the servers listen on, default `127.0.0.1`: nothing outside this machine reaches them. */
  readonly host?: string | undefined
  /**
   * Host that routes and message ids tell clients. Default: `host`, or loopback when `host` is a wildcard. An IP
   * address, because message ids hold its bytes.
   */
  readonly advertisedHost?: string | undefined
  /** Port of the name server, default 0: any free one. */
  readonly nameServerPort?: number | undefined
  /** Ports of the brokers in order; those left out, and 0, are any free one. */
  readonly brokerPorts?: readonly number[] | undefined
  /** What the brokers say their cluster is called, default `DefaultCluster`. */
  readonly clusterName?: string | undefined
  /**
   * Queues of `TBW102`, the template of auto-created topics, default 8. A created topic has the smaller of this and
   * what the sender's header asks for (official clients ask for 4).
   */
  readonly defaultTopicQueueNums?: number | undefined
  /** Whether a send to an unknown topic creates it, default true. */
  readonly autoCreateTopics?: boolean | undefined
  /** Topics that exist from the start on every broker: name to number of queues. */
  readonly topics?: Readonly<Record<string, number>> | undefined
  /** As the broker's `messageDelayLevel`, default `1s 5s 10s 30s 1m 2m ... 2h`; units ms, s, m, h, d. */
  readonly delayLevels?: string | undefined
  /**
   * How old, since it was born, a half message must be before its producer group is asked about it. Milliseconds,
   * default 6,000, as the broker's `transactionTimeOut`; a message may ask for longer.
   */
  readonly transactionTimeOutMs?: number | undefined
  /** How often half messages are looked through. Milliseconds, default 30,000, as `transactionCheckInterval`. */
  readonly transactionCheckIntervalMs?: number | undefined
  /** Asked so often in vain, a half message goes to `TRANS_CHECK_MAX_TIME_TOPIC`. Default 15, as `transactionCheckMax`. */
  readonly transactionCheckMax?: number | undefined
  /**
   * Whether consumers may filter by SQL92 on properties. Default true, so that it can be tested: an official broker has
   * `enablePropertyFilter=false` until somebody turns it on.
   */
  readonly enablePropertyFilter?: boolean | undefined
  /**
   * How the offsets of a group are reset. Default true, as `useServerSideResetOffset` of 5.x: the broker sends the next
   * pull to the new offset. False, as 4.x: the broker tells every member.
   */
  readonly serverSideReset?: boolean | undefined
  /** All timers and the clock of the servers, default `asyncScheduler`. Virtual ones are for the caller to advance. */
  readonly scheduler?: SchedulerLike | undefined
  /** Bytes of messages all brokers keep together, default 512 MiB, in equal shares; then the oldest go first. */
  readonly maxStoreBytes?: number | undefined
  /** Connections on which nothing was read or written for so long are closed. Milliseconds, default 120,000. */
  readonly idleMs?: number | undefined
  /** Users who may ask the brokers anything, if they sign (ACL 2.0). The name server asks nobody. Default: no checks. */
  readonly credentials?: AclCredentials | readonly AclCredentials[] | undefined
}

/** When half messages are checked. */
export interface TransactionTimes {
  readonly timeOutMs: number
  readonly checkIntervalMs: number
  readonly checkMax: number
}

/** The options, complete and checked. */
export interface ClusterPlan {
  readonly brokerNames: readonly string[]
  readonly host: string
  readonly advertisedHost: string
  readonly nameServerPort: number
  readonly brokerPorts: readonly number[]
  readonly clusterName: string
  readonly templateQueues: number
  readonly autoCreateTopics: boolean
  readonly topics: Readonly<Record<string, number>>
  readonly delayLevelsMs: readonly number[]
  readonly transactions: TransactionTimes
  readonly filtersByProperties: boolean
  readonly serverSideReset: boolean
  readonly scheduler: SchedulerLike
  readonly brokerStoreBytes: number
  readonly idleMs: number
  /** Access key to secret key; undefined when requests need no signature. */
  readonly users: ReadonlyMap<string, string> | undefined
}

const DEFAULT_STORE_BYTES = 512 * 1024 * 1024
const DEFAULT_IDLE_MS = 120_000
const MANY = 2 ** 31 - 1
const LOOPBACK_OF_WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Complete options, or an ERR_RMQ_ILLEGAL that names the wrong one. */
export const resolveOptions = (options: EmbeddedClusterOptions): ClusterPlan => {
  const brokers = whole('brokers', options.brokers ?? 1, 1, 100)
  const host = options.host ?? '127.0.0.1'
  const brokerPorts = options.brokerPorts ?? []
  if (brokerPorts.length > brokers)
    throw illegal(`brokerPorts names ${brokerPorts.length} ports for ${brokers} brokers`)
  const topics = options.topics ?? {}
  for (const [topic, queues] of Object.entries(topics)) whole(`queues of topic ${topic}`, queues, 1, MAX_QUEUES)
  return {
    brokerNames: Array.from({ length: brokers }, (_, index) => brokerName(index)),
    host,
    advertisedHost: options.advertisedHost ?? LOOPBACK_OF_WILDCARD[host] ?? host,
    nameServerPort: port('nameServerPort', options.nameServerPort ?? 0),
    brokerPorts: Array.from({ length: brokers }, (_, index) => port('brokerPorts', brokerPorts[index] ?? 0)),
    clusterName: options.clusterName ?? 'DefaultCluster',
    templateQueues: whole('defaultTopicQueueNums', options.defaultTopicQueueNums ?? 8, 1, MAX_QUEUES),
    autoCreateTopics: options.autoCreateTopics ?? BROKER_DEFAULTS.autoCreateTopicEnable,
    topics,
    delayLevelsMs: parseDelayLevels(options.delayLevels ?? STORE_DEFAULTS.messageDelayLevel),
    transactions: {
      timeOutMs: whole(
        'transactionTimeOutMs',
        options.transactionTimeOutMs ?? BROKER_DEFAULTS.transactionTimeOut,
        0,
        MANY,
      ),
      checkIntervalMs: whole(
        'transactionCheckIntervalMs',
        options.transactionCheckIntervalMs ?? BROKER_DEFAULTS.transactionCheckInterval,
        1,
        MANY,
      ),
      checkMax: whole(
        'transactionCheckMax',
        options.transactionCheckMax ?? BROKER_DEFAULTS.transactionCheckMax,
        1,
        MANY,
      ),
    },
    filtersByProperties: options.enablePropertyFilter ?? true,
    serverSideReset: options.serverSideReset ?? true,
    scheduler: options.scheduler ?? asyncScheduler,
    brokerStoreBytes: Math.ceil(
      whole('maxStoreBytes', options.maxStoreBytes ?? DEFAULT_STORE_BYTES, 1, Number.MAX_SAFE_INTEGER) / brokers,
    ),
    idleMs: whole('idleMs', options.idleMs ?? DEFAULT_IDLE_MS, 1, Number.MAX_SAFE_INTEGER),
    users: options.credentials === undefined ? undefined : usersOf(options.credentials),
  }
}

const usersOf = (credentials: AclCredentials | readonly AclCredentials[]): ReadonlyMap<string, string> => {
  const users = [credentials].flat() as readonly AclCredentials[]
  if (users.length === 0) throw illegal('credentials names no user: nobody could ask anything')
  if (users.some(({ accessKey, secretKey }) => !accessKey || !secretKey)) throw illegal('a key of credentials is empty')
  return new Map(users.map(({ accessKey, secretKey }) => [accessKey, secretKey]))
}

export const whole = (what: string, value: number, least: number, most: number): number => {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw illegal(`${what} is ${value}, it must be a whole number from ${least} to ${most}`)
}

const port = (what: string, value: number): number => whole(what, value, 0, 65_535)

const brokerName = (index: number): string =>
  index < 26 ? `broker-${String.fromCharCode('a'.charCodeAt(0) + index)}` : `broker-${index}`
