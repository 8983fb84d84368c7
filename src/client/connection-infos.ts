import type { ClientEvent, ConnectionRole, ConnectionState } from '../observability/events.ts'

/** What is known of one connection. */
export interface ConnectionInfo {
  readonly endpoint: string
  readonly role: ConnectionRole
  readonly state: ConnectionState
  /** When it came into this state, ms. */
  readonly since: number
  /** How often it was established. */
  readonly connects: number
  /** How often it was lost, or could not be established. */
  readonly failures: number
  /** Message of the last loss. */
  readonly lastError: string | undefined
}

type Infos = readonly ConnectionInfo[]
type StateEvent = Extract<ClientEvent, { type: 'connection-state' }>

/** Pure. A closed connection is no longer listed. */
export const nextInfos = (infos: Infos, event: StateEvent): Infos => {
  const { endpoint, role, state, at, cause } = event
  const same = (info: ConnectionInfo): boolean => info.endpoint === endpoint && info.role === role
  const others = infos.filter(info => !same(info))
  if (state === 'closed') return others
  const before = infos.find(same)
  const info: ConnectionInfo = {
    endpoint,
    role,
    state,
    since: at,
    connects: (before?.connects ?? 0) + (state === 'connected' ? 1 : 0),
    failures: (before?.failures ?? 0) + (state === 'disconnected' ? 1 : 0),
    lastError: cause instanceof Error ? cause.message : before?.lastError,
  }
  return [...others, info]
}
