import { createClient } from '../../src/index.ts'
import type { Client, ClientConfig, ClientEvent } from '../../src/index.ts'
import type { TestCluster } from './test-cluster.ts'

/** A client of the cluster that logs nothing: tests read `events$`. */
export const quietClient = (
  { nameServers }: Pick<TestCluster, 'nameServers'>,
  config: Partial<ClientConfig> = {},
): Client => createClient({ nameServers, logger: false, ...config })

/** For a producer whose speed is not the point: on a loaded machine sends may take longer than the default 3 s. */
export const PATIENT = { timeoutMs: 30_000 } as const

/** Everything a client tells from now on, as it grows. */
export const eventsOf = (client: Client): readonly ClientEvent[] => {
  const events: ClientEvent[] = []
  client.events$.subscribe(event => events.push(event))
  return events
}

/** The events of one type among those. */
export const ofType = <const T extends ClientEvent['type']>(
  events: readonly ClientEvent[],
  type: T,
): readonly Extract<ClientEvent, { readonly type: T }>[] =>
  events.filter((event): event is Extract<ClientEvent, { readonly type: T }> => event.type === type)
