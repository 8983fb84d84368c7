import { createClient } from '../src/index.ts'
import type { Client, ClientConfig, ClientEvent } from '../src/index.ts'
import type { FakeTransport } from '../test/support/fake-transport.ts'

/** Longer than any picture. */
const LONG_MS = 1_000_000

/**
 * A client on a scripted wire, without a clock of its own that shows: it refreshes nothing within a picture, and its ids
 * count up. Close it, or time never ends: its topics are kept fresh.
 */
export const drawnClient = (
  transport: FakeTransport,
  more: Pick<ClientConfig, 'connection'> = {},
  idOf = (n: number): string => `id ${n}`,
): { readonly client: Client; readonly events: ClientEvent[] } => {
  let ids = 0
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: { routeRefreshMs: LONG_MS, heartbeatMs: LONG_MS, idleMs: 1, drainMs: 0 },
    ...more,
    runtime: { transport, random: () => 0, newMessageId: () => idOf(++ids) },
  })
  const events: ClientEvent[] = []
  client.events$.subscribe(event => events.push(event))
  return { client, events }
}

/** Connections that are lost are dialed again soon. */
export const SOON = { connection: { reconnectFirstMs: 2, reconnectMaxMs: 2 } } as const
