import { createServer } from 'node:net'

// Below the range from which Linux and macOS take the ports of outgoing connections.
const LOWEST = 19_000
const HIGHEST = 29_000
const ATTEMPTS = 50

export interface ClusterPorts {
  readonly nameServer: number
  readonly brokers: readonly number[]
}

/** Ports for one cluster that were free a moment ago; whoever starts on them must still expect a collision. */
export async function freeClusterPorts(brokers: number): Promise<ClusterPorts> {
  const size = 5 * brokers
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const base = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - size))
    if (await allFree(base, size)) return layout(base, brokers)
  }
  throw new Error(`No block of ${size} free ports was found between ${LOWEST} and ${HIGHEST}`)
}

/** A broker on port P also listens on P-2 (its second listener) and on P+1 (for slaves). */
function layout(base: number, brokers: number): ClusterPorts {
  return { nameServer: base, brokers: Array.from({ length: brokers }, (_, index) => base + 3 + 5 * index) }
}

async function allFree(base: number, size: number): Promise<boolean> {
  for (let port = base; port < base + size; port++) if (!(await isFree(port))) return false
  return true
}

/** Tried on all interfaces, because RocketMQ opens some of its ports there. */
function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}
