import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import { QUICK_DELAY_LEVELS, type TestCluster, type TestClusterOptions } from './test-cluster.ts'

/** The embedded cluster with the verbs that the real one has too. */
export const startEmbeddedTestCluster = async (options: TestClusterOptions = {}): Promise<TestCluster> => {
  const cluster = await startEmbeddedCluster({
    brokers: options.brokers,
    delayLevels: options.delayLevels ?? QUICK_DELAY_LEVELS,
    autoCreateTopics: options.autoCreateTopics,
  })
  return {
    kind: 'embedded',
    version: '5.3.3',
    nameServers: cluster.nameServers,
    brokers: cluster.brokers,
    createTopic: async (topic, { queues = 4 } = {}) => Promise.resolve(cluster.createTopic(topic, { queues })),
    createGroup: async (group, { retryMaxTimes = 16 } = {}) =>
      Promise.resolve(cluster.createGroup(group, { retryMaxTimes })),
    killBroker: index => cluster.killBroker(index),
    restartBroker: index => cluster.restartBroker(index),
    stopBroker: index => cluster.stopBroker(index),
    pauseBroker: async index => Promise.resolve(cluster.pauseBroker(index)),
    resumeBroker: async index => Promise.resolve(cluster.resumeBroker(index)),
    stop: () => cluster.stop(),
  }
}
