import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startRealCluster } from '../test/cluster/real-cluster.ts'
import { ask } from './ask.ts'
import type { Target } from './load.ts'

/** The embedded broker in a process of its own. */
export const startEmbedded = async (): Promise<Target> => {
  const child = fork(new URL('./embedded-process.js', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [addresses] = (await once(child, 'message')) as [{ readonly nameServer: string; readonly broker: string }]
  return {
    kind: 'embedded',
    version: 'embedded',
    ...addresses,
    createTopic: (topic, { queues = 4 } = {}) => ask(child, { createTopic: topic, queues }),
    createGroup: group => ask(child, { createGroup: group }),
    stop: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** A real Apache RocketMQ: needs a JDK and Maven. */
export const startReal = async (): Promise<Target> => {
  const cluster = await startRealCluster()
  const [nameServer = '', broker = ''] = [...cluster.nameServers, ...cluster.brokers]
  return {
    kind: 'real',
    version: cluster.version,
    nameServer,
    broker,
    createTopic: (topic, options) => cluster.createTopic(topic, options),
    createGroup: group => cluster.createGroup(group),
    stop: () => cluster.stop(),
  }
}
