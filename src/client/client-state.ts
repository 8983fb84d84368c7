import type { ClientEvent } from '../observability/events.ts'

/** `starting`: a first connection is being made. `running`: one was made. `draining`: closing, still finishing. */
export type ClientState = 'idle' | 'starting' | 'running' | 'draining' | 'closed'

/** Pure. What the events of connections say about the client; closing is said by whoever closes. */
export const nextClientState = (state: ClientState, event: ClientEvent): ClientState => {
  if (event.type !== 'connection-state') return state
  if (state === 'idle' && event.state === 'connecting') return 'starting'
  if (state === 'starting' && event.state === 'connected') return 'running'
  return state
}
