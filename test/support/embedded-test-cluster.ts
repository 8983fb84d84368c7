import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { QUICK_DELAY_LEVELS, type TestCluster, type TestClusterOptions } from './test-cluster.ts'

/** The embedded cluster with the verbs that the real one has too. */
export const startEmbeddedTestCluster = async (options: TestClusterOptions = {}): Promise<TestCluster> => {
  const cluster = await startEmbeddedCluster({
    brokers: options.brokers,
    delayLevels: options.delayLevels ?? QUICK_DELAY_LEVELS,
    autoCreateTopics: options.autoCreateTopics,
    enablePropertyFilter: options.enablePropertyFilter,
    transactionTimeOutMs: 1_000, // as in a real test cluster: see test/cluster/config-files.ts
    transactionCheckIntervalMs: 1_000,
    credentials: options.credentials,
  })
  return {
    kind: 'embedded',
    version: '5.3.3',
    nameServers: cluster.nameServers,
    brokers: cluster.brokers,
    createTopic: (topic, { queues = 4 } = {}) => atOnce(() => cluster.createTopic(topic, { queues })),
    createGroup: (group, { retryMaxTimes = 16 } = {}) => atOnce(() => cluster.createGroup(group, { retryMaxTimes })),
    killBroker: index => cluster.killBroker(index),
    restartBroker: index => cluster.restartBroker(index),
    stopBroker: index => cluster.stopBroker(index),
    pauseBroker: index => atOnce(() => cluster.pauseBroker(index)),
    resumeBroker: index => atOnce(() => cluster.resumeBroker(index)),
    stop: () => cluster.stop(),
  }
}

/** What the embedded cluster does at once, the real one does in a while. */
const atOnce = (work: () => void): Promise<void> => Promise.resolve().then(work)
