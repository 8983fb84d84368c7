import { afterEach } from 'vitest'
import { type EmbeddedCluster, type EmbeddedClusterOptions, startEmbeddedCluster } from '../../src/embedded/index.ts'
import { type Asker, openAsker } from './asker.ts'

const ends: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A cluster that ends with the test. */
export const aCluster = async (options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> => {
  const cluster = await startEmbeddedCluster(options)
  ends.push(() => cluster.stop())
  return cluster
}

/** A connection that ends with the test. */
export const anAsker = async (address: string | undefined): Promise<Asker> => {
  const asker = await openAsker(address!)
  ends.push(() => asker.close())
  return asker
}

/** A cluster of one broker with a connection to it. */
export const aBroker = async (options: EmbeddedClusterOptions = {}) => {
  const cluster = await aCluster(options)
  return { cluster, broker: await anAsker(cluster.brokers[0]) }
}

export const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Looks again and again until it is so. */
export const eventually = async (
  look: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 3_000,
): Promise<void> => {
  for (let waited = 0; waited < withinMs; waited += 5) {
    if (await look()) return
    await sleep(5)
  }
  throw new Error(`not within ${withinMs} ms: ${what}`)
}
