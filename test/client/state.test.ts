import { describe, expect, it } from 'vitest'
import { nextClientState, type ClientState } from '../../src/client/client-state.ts'
import { nextInfos, type ConnectionInfo } from '../../src/client/connection-infos.ts'
import { notConnected } from '../../src/errors.ts'
import type { ClientEvent, ConnectionState } from '../../src/observability/events.ts'

type StateEvent = Extract<ClientEvent, { type: 'connection-state' }>
const event = (state: ConnectionState, at = 1, more: Partial<StateEvent> = {}): StateEvent => ({
  type: 'connection-state',
  endpoint: 'a:1',
  role: 'control',
  state,
  at,
  ...more,
})

describe('the state of a client', () => {
  const STATES: readonly ClientState[] = ['idle', 'starting', 'running', 'draining', 'closed']
  const CONNECTIONS: readonly ConnectionState[] = ['connecting', 'connected', 'disconnected', 'closing', 'closed']

  it('begins with the first dial, and runs with the first connection; nothing else about connections changes it', () => {
    const changes = STATES.flatMap(state =>
      CONNECTIONS.map(connection => [state, connection, nextClientState(state, event(connection))] as const),
    ).filter(([state, , next]) => state !== next)
    expect(changes).toEqual([
      ['idle', 'connecting', 'starting'],
      ['starting', 'connected', 'running'],
    ])
  })

  it('is not changed by any other event', () => {
    expect(nextClientState('idle', { type: 'input-dropped', policy: 'drop-newest', at: 1 })).toBe('idle')
  })
})

describe('the list of connections', () => {
  const after = (...events: readonly StateEvent[]) => events.reduce<readonly ConnectionInfo[]>(nextInfos, [])
  const info = (
    state: ConnectionState,
    since: number,
    connects: number,
    failures: number,
    lastError?: string,
  ): ConnectionInfo => ({
    endpoint: 'a:1',
    role: 'control',
    state,
    since,
    connects,
    failures,
    lastError,
  })
  const refused = notConnected('a:1')

  it.each<[string, StateEvent[], ConnectionInfo[]]>([
    ['nothing', [], []],
    ['one that is being made', [event('connecting', 1)], [info('connecting', 1, 0, 0)]],
    ['one that was made', [event('connecting', 1), event('connected', 2)], [info('connected', 2, 1, 0)]],
    [
      'one that was refused, and why',
      [event('connecting', 1), event('disconnected', 2, { cause: refused, retryInMs: 9 })],
      [info('disconnected', 2, 0, 1, refused.message)],
    ],
    [
      'one that was lost and is there again, and why it was lost',
      [
        event('connecting', 1),
        event('connected', 2),
        event('disconnected', 3, { cause: refused }),
        event('connecting', 4),
        event('connected', 5),
      ],
      [info('connected', 5, 2, 1, refused.message)],
    ],
    ['one that is being closed', [event('connected', 1), event('closing', 2)], [info('closing', 2, 1, 0)]],
    ['none that was closed', [event('connected', 1), event('closing', 2), event('closed', 2)], []],
    ['none that was closed without ever being there', [event('closed', 2)], []],
    [
      'one that was closed and opened again, afresh',
      [event('connected', 1), event('closed', 2), event('connecting', 3)],
      [info('connecting', 3, 0, 0)],
    ],
  ])('has %s', (_, events, infos) => {
    expect(after(...events)).toEqual(infos)
  })

  it('keeps apart what is for control and what is for pulls, and one server from another', () => {
    const infos = after(
      event('connected', 1),
      event('connected', 2, { role: 'pull' }),
      event('connected', 3, { endpoint: 'b:1' }),
      event('closed', 4),
    )
    expect(infos.map(({ endpoint, role }) => `${endpoint} ${role}`)).toEqual(['a:1 pull', 'b:1 control'])
  })
})
