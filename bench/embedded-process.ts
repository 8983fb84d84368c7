import { startEmbeddedCluster } from '../src/embedded/index.ts'
import type { Ask } from './ask.ts'

// The embedded cluster for benchmarks, alone in its process; ends when its parent does.
const cluster = await startEmbeddedCluster({ maxStoreBytes: 1024 ** 3 })
process.on('message', (ask: Ask) => {
  if ('createTopic' in ask) cluster.createTopic(ask.createTopic, { queues: ask.queues })
  else cluster.createGroup(ask.createGroup)
  process.send?.('done')
})
process.once('disconnect', () => void cluster.stop())
process.send?.({ nameServer: cluster.nameServers[0], broker: cluster.brokers[0] })
