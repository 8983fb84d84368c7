import { asyncScheduler, defer, map, type Observable, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost, notConnected } from '../../src/errors.ts'
import { gate$, type GateOptions, type GateState } from '../../src/remoting/gate.ts'
import type { Session } from '../../src/remoting/session.ts'
import { marbles, type Marbles } from '../marbles.ts'

const session = { endpoint: 'b:1' } as Session
/** The longest waits that chance allows: 2, 4, 8, 8, … ms. */
const LONGEST: GateOptions = { firstMs: 2, maxMs: 8, random: () => 1 }

/** `u` is a session, `d` its absence. */
const shown = (state$: Observable<GateState>) => state$.pipe(map(({ up }) => (up ? 'u' : 'd')))

/** One session after the other, each drawn; `p` is an answer, which proves the server. Says when each was dialed. */
const servers = (m: Marbles, ...diagrams: string[]) => {
  const dialedAt: number[] = []
  const open$ = (proven: () => void): Observable<Session> =>
    defer(() => {
      const diagram = diagrams[dialedAt.length]
      dialedAt.push(asyncScheduler.now())
      if (diagram === undefined) throw new Error('dialed once too often')
      const life = m.cold<Session | 'p'>(diagram, { u: session, p: 'p' }, connectionLost('b:1', 'no'))
      return defer(() => life).pipe(
        tap(event => {
          if (event === 'p') proven()
        }),
        map(() => session),
      )
    })
  return { open$, dialedAt }
}

describe('the gate of an endpoint', () => {
  it(
    'says that it is up, that it is down, and dials again after a pause',
    marbles(m => {
      const { open$ } = servers(m, '--u---#', '-u---')
      const expected = '            --u---d--u---'
      m.expect(shown(gate$(open$, LONGEST))).toBeObservable(expected)
    }),
  )

  it(
    'waits twice as long after each refused dial, up to a ceiling',
    marbles(m => {
      const { open$, dialedAt } = servers(m, '#', '#', '#', '#', '#', 'u')
      const expected = '            d-d---d-------d-------d-------u'
      m.expect(shown(gate$(open$, LONGEST))).toBeObservable(expected)
      m.flush()
      expect(dialedAt).toEqual([0, 2, 6, 14, 22, 30])
    }),
  )

  it(
    'does not hammer a server that accepts and drops: the pauses grow as if it had refused',
    marbles(m => {
      const { open$, dialedAt } = servers(m, 'u#', 'u#', 'u#', 'u#', 'u--')
      const expected = '            ud-ud---ud-------ud-------u--'
      m.expect(shown(gate$(open$, LONGEST))).toBeObservable(expected)
      m.flush()
      expect(dialedAt).toEqual([0, 3, 8, 17, 26])
    }),
  )

  it(
    'begins with short pauses again after a server that answered, and only then',
    marbles(m => {
      const { open$ } = servers(m, '#', '#', 'up#', '#', 'u--')
      const expected = '            d-d---uud-d---u--'
      m.expect(shown(gate$(open$, LONGEST))).toBeObservable(expected)
    }),
  )

  it(
    'leaves half of each pause to chance, so that a fleet does not return in step',
    marbles(m => {
      const { open$ } = servers(m, '#', '#', '#', 'u')
      const expected = '            dd-d---u'
      m.expect(shown(gate$(open$, { ...LONGEST, random: () => 0 }))).toBeObservable(expected)
    }),
  )

  it(
    'tells why it is down and when it dials again',
    marbles(m => {
      const causes: unknown[] = []
      const cause = notConnected('b:1')
      const told$ = gate$(() => m.cold<Session>('#', {}, cause), LONGEST).pipe(
        map(state => {
          if (!state.up) causes.push(state.cause)
          return state.up ? 'up' : `again in ${state.retryInMs}`
        }),
      )
      m.expect(told$, '^----!').toBeObservable('d-e', { d: 'again in 2', e: 'again in 4' })
      m.flush()
      expect(causes).toEqual([cause, cause])
    }),
  )

  it(
    'never gives up, whatever the failure is',
    marbles(m => {
      let dials = 0
      const open$ = () => {
        if (++dials === 1) throw new TypeError('a mistake of ours')
        return m.cold('u', { u: session })
      }
      m.expect(shown(gate$(open$, LONGEST))).toBeObservable('d-u')
    }),
  )

  it(
    'hangs up, or stops waiting, when nobody looks any more',
    marbles(m => {
      const up = servers(m, 'u-----')
      const down = servers(m, '#')
      m.expect(shown(gate$(up.open$, LONGEST)), '  ^---!').toBeObservable('u')
      m.expect(shown(gate$(down.open$, LONGEST)), '^!   ').toBeObservable('d')
      m.expect(timer(50)).toBeObservable('50ms (x|)', { x: 0 })
      m.flush()
      expect([up.dialedAt, down.dialedAt]).toEqual([[0], [0]])
    }),
  )

  it(
    'keeps the pauses of one endpoint apart from those of another',
    marbles(m => {
      const sick = servers(m, '#', '#', '#', 'u')
      const well = servers(m, '#', 'u')
      m.expect(shown(gate$(sick.open$, LONGEST))).toBeObservable('d-d---d-------u')
      m.expect(shown(gate$(well.open$, LONGEST)), '      ------^').toBeObservable('------d-u')
    }),
  )
})
