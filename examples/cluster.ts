import { configFromEnv } from 'rocketmq-rxjs'
import { startEmbeddedCluster } from 'rocketmq-rxjs/embedded'
import type { EmbeddedClusterOptions } from 'rocketmq-rxjs/embedded'

/** The cluster at ROCKETMQ_NAMESRV_ADDR or, without one, an embedded cluster that lives as long as its block. */
export const openCluster = async (options: EmbeddedClusterOptions = {}) => {
  const config = configFromEnv()
  if (config.nameServers !== '') {
    return { kind: 'cluster' as const, config, [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  const embedded = await startEmbeddedCluster(options)
  return {
    kind: 'embedded' as const,
    config: { ...config, nameServers: embedded.nameServers },
    [Symbol.asyncDispose]: () => embedded.stop(),
  }
}

/** A topic or group of this run: whoever runs the example again begins anew. */
export const perRun = (name: string): string => `${name}_${Date.now().toString(36)}_${process.pid}`
