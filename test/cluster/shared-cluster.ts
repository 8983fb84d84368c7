import type { TestProject } from 'vitest/node'
import type { TestCluster } from '../support/test-cluster.ts'
import { createGroupAt, createTopicAt } from './administration.ts'
import { startRealCluster } from './real-cluster.ts'

/** Where the cluster is that most test files share: starting servers takes longer than most of their tests. */
export interface SharedAddresses {
  readonly version: string
  readonly nameServers: readonly string[]
  readonly brokers: readonly string[]
}

declare module 'vitest' {
  interface ProvidedContext {
    sharedCluster: SharedAddresses
  }
}

/** Vitest's global setup: the cluster lives as long as the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startRealCluster()
  const { version, nameServers, brokers } = cluster
  project.provide('sharedCluster', { version, nameServers, brokers })
  return () => cluster.stop()
}

/** A cluster that others use, too: names are to be unique, and nobody may disturb its servers. */
export const sharedCluster = ({ version, nameServers, brokers }: SharedAddresses): TestCluster => {
  const refused = (): Promise<never> =>
    Promise.reject(new Error('this cluster is shared: startTarget({ own: true }) starts one that may be disturbed'))
  return {
    kind: 'real',
    version,
    nameServers,
    brokers,
    createTopic: (topic, { queues = 4 } = {}) =>
      createTopicAt({ nameServer: nameServers[0] ?? '', brokers }, topic, queues),
    createGroup: (group, { retryMaxTimes = 16 } = {}) => createGroupAt(brokers, group, retryMaxTimes),
    killBroker: refused,
    restartBroker: refused,
    stopBroker: refused,
    pauseBroker: refused,
    resumeBroker: refused,
    stop: () => Promise.resolve(), // its owner does
  }
}
