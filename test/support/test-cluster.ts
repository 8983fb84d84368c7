/**
 * One small driver with the same verbs for every broker that the behaviour suite runs on:
 * the embedded cluster (npm test) and real Apache RocketMQ (npm run test:cluster).
 */
export interface TestCluster {
  readonly kind: 'embedded' | 'real'
  /** Version of the servers, for example `5.3.3`; the embedded broker names the version it imitates. */
  readonly version: string
  /** `host:port` of every name server. */
  readonly nameServers: readonly string[]
  /** `host:port` of every broker (masters only). */
  readonly brokers: readonly string[]
  /** Creates the topic on every broker and resolves once the name server gives its route. */
  createTopic(topic: string, options?: { readonly queues?: number }): Promise<void>
  createGroup(group: string, options?: { readonly retryMaxTimes?: number }): Promise<void>
  /** The broker dies as by SIGKILL: connections drop, its route goes; the store stays. */
  killBroker(index?: number): Promise<void>
  /** The killed or stopped broker comes back on the same port with the same store; resolves once it can store and is routed. */
  restartBroker(index?: number): Promise<void>
  /** The broker leaves in order (SIGTERM). */
  stopBroker(index?: number): Promise<void>
  /** As by SIGSTOP: the kernel still accepts connections and bytes, but nothing answers. */
  pauseBroker(index?: number): Promise<void>
  resumeBroker(index?: number): Promise<void>
  /** Ends everything and deletes every file. */
  stop(): Promise<void>
}

export interface TestClusterOptions {
  /** Number of master brokers, default 1. */
  readonly brokers?: number
  /** Delay levels as the broker's `messageDelayLevel`, default 18 times `1s` so that retries are quick. */
  readonly delayLevels?: string
  /** Whether a send to an unknown topic creates it, default true. */
  readonly autoCreateTopics?: boolean
  /** Whether brokers filter by SQL92, default true. */
  readonly enablePropertyFilter?: boolean
  /** The only user, who may do anything: every request to a broker must be signed. Default: nobody signs. */
  readonly credentials?: { readonly accessKey: string; readonly secretKey: string }
}

export const QUICK_DELAY_LEVELS = Array.from({ length: 18 }, () => '1s').join(' ')
