/** A client on a scripted cluster, closed after each test. */
import { merge, throwError } from 'rxjs'
import { afterEach } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import {
  createClient,
  message,
  on,
  topic,
  type Client,
  type ConsumerOptions,
  type PullConsumerOptions,
  type TransactionalProducer,
} from '../../src/index.ts'
import { fakeCluster } from '../support/fake-cluster.ts'
import { repliesTo } from '../support/fake-replies.ts'
import { fakeTransport, type FakeTransport, type FakeTransportOptions } from '../support/fake-transport.ts'

const clients: Client[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close({ drainMs: 0 })))
})

export interface World {
  readonly client: Client
  readonly transport: FakeTransport
}

export const world = (options: FakeTransportOptions = {}): World => {
  const cluster = fakeCluster()
  const transport: FakeTransport = fakeTransport(
    (frame, endpoint) => merge(cluster(frame, endpoint), repliesTo(frame, endpoint, transport)),
    options,
  )
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: { idleMs: 5, connectTimeoutMs: 200, requestTimeoutMs: 200 },
    runtime: { transport },
  })
  clients.push(client)
  return { client, transport }
}
export const unreachable = (): World => world({ connects: () => throwError(() => notConnected('n:1')) })

export const HELLO = message(topic('t'), Buffer.from('hello'))
let groups = 0
/** A client has one transactional producer of a group. */
export const transactional = (client: Client): TransactionalProducer =>
  client.transactionalProducer({ group: `tx${++groups}`, check: () => 'unknown' })
export const GROUP: ConsumerOptions = { group: 'g', subscribe: [on(topic('t'))], startFrom: 'first' }
export const PULLING: PullConsumerOptions = { group: 'g', subscribe: [on(topic('t'))], startFrom: 'first' }
