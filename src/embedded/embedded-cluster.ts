import { illegal } from '../errors.ts'
import { GROUP_DEFAULTS } from '../protocol/bodies/bodies.ts'
import type { StoredMessage } from '../protocol/messages/stored-message.ts'
import { type Broker, setGroup, setTopic, startBroker, storedIn } from './broker.ts'
import type { BrokerContext } from './broker-context.ts'
import { createFaultPlan, type Faults } from './faults.ts'
import { startNameServer } from './name-server.ts'
import { type EmbeddedClusterOptions, resolveOptions } from './options.ts'

/**
 * A name server and brokers inside this process, on real sockets: for development, tests and demonstrations. Messages
 * live in memory and end with the process.
 */
export interface EmbeddedCluster extends AsyncDisposable {
  /** `host:port` of the name server. */
  readonly nameServers: readonly string[]
  /** `host:port` of every broker, also of those that are down. */
  readonly brokers: readonly string[]
  /** Faults on demand, on every server. */
  readonly faults: Faults
  /** Creates or changes a topic on every broker; `queues` (default 8) read and write queues on each. */
  createTopic(name: string, options?: { readonly queues?: number | undefined }): void
  /** Creates or changes a consumer group on every broker; after `retryMaxTimes` (default 16) retries, dead letter. */
  createGroup(name: string, options?: { readonly retryMaxTimes?: number | undefined }): void
  /** The broker dies: its connections and its route are gone at once, its store stays for `restartBroker`. */
  killBroker(index?: number): Promise<void>
  /** Brings a killed or stopped broker back on its port with its store. */
  restartBroker(index?: number): Promise<void>
  /** The broker leaves in order: out of the route, answers on their way sent, connections closed. */
  stopBroker(index?: number): Promise<void>
  /** The broker accepts connections and bytes but carries nothing out until it is resumed. Its route stays. */
  pauseBroker(index?: number): void
  /** The broker carries out what came while it was paused, and goes on. */
  resumeBroker(index?: number): void
  /** Everything stored in a topic now, broker by broker and queue by queue in order. For tests. */
  peek(topic: string): readonly StoredMessage[]
  /** Offsets a group has committed for a topic on one broker (default the first): queue id to decimal text. */
  offsets(group: string, topic: string, brokerIndex?: number): ReadonlyMap<number, string>
  /** Ends all servers, connections and timers. Calling it again is harmless. */
  stop(): Promise<void>
}

/**
 * Starts one name server and the brokers; resolves once all listen and are routed. Rejects with ERR_RMQ_ILLEGAL for a
 * wrong option, and with Node's error when a port cannot be taken.
 */
export const startEmbeddedCluster = async (options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> => {
  const plan = resolveOptions(options)
  const faultPlan = createFaultPlan()
  const nameServer = await startNameServer(plan, faultPlan)
  const brokers: Broker[] = []
  const stop = async () => {
    await Promise.all([nameServer.stop(), ...brokers.map(broker => broker.kill())])
  }
  const onEveryBroker = (work: (context: BrokerContext) => void) => {
    for (const { context } of brokers) work(context)
  }
  try {
    for (const [index, name] of plan.brokerNames.entries()) {
      const port = plan.brokerPorts[index] ?? 0
      brokers.push(await startBroker({ plan, name, port, faults: faultPlan, routes: nameServer }))
    }
    for (const [topic, queues] of Object.entries(plan.topics)) {
      onEveryBroker(context => setTopic(context, topic, queues))
    }
  } catch (error) {
    await stop()
    throw error
  }

  const brokerAt = (index: number): Broker => {
    const broker = brokers[index]
    if (broker === undefined) throw illegal(`there is no broker ${index}, the cluster has ${brokers.length}`)
    return broker
  }

  return {
    nameServers: [nameServer.address],
    brokers: brokers.map(broker => broker.address),
    faults: faultPlan.faults,
    createTopic: (name, { queues = DEFAULT_QUEUES } = {}) => onEveryBroker(context => setTopic(context, name, queues)),
    createGroup: (name, { retryMaxTimes = GROUP_DEFAULTS.retryMaxTimes } = {}) =>
      onEveryBroker(context => setGroup(context, name, retryMaxTimes)),
    killBroker: async (index = 0) => brokerAt(index).kill(),
    restartBroker: async (index = 0) => brokerAt(index).restart(),
    stopBroker: async (index = 0) => brokerAt(index).stop(),
    pauseBroker: (index = 0) => brokerAt(index).pause(),
    resumeBroker: (index = 0) => brokerAt(index).resume(),
    peek: topic => brokers.flatMap(({ context }) => storedIn(context, topic)),
    offsets: (group, topic, brokerIndex = 0) => {
      const committed = brokerAt(brokerIndex).context.offsets.ofTopic(group, topic)
      return new Map([...committed].map(([queueId, offset]) => [queueId, offset.toString()]))
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** What the official admin tool gives a topic. */
const DEFAULT_QUEUES = 8
