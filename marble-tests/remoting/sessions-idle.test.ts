import { map, NEVER, Subject, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { requestFrame, responseFrame } from '../../src/protocol/frames/frame.ts'
import { createSessions, type SessionsOptions } from '../../src/remoting/sessions.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const yes = responseFrame({ opaque: 0 }, 0)

/** Questions whose first answer comes at once and every later one as drawn, on connections kept for 4 ms. */
const drawn = (m: Marbles, later: string, options: Partial<SessionsOptions> = {}, life?: string) => {
  let asked = 0
  const script = () => m.cold(asked++ === 0 ? '(a|)' : later, { a: yes })
  const transport = fakeTransport(script, life === undefined ? {} : { connects: () => m.cold(life) })
  const sessions = createSessions({ transport, closing$: NEVER, idleMs: 4, firstMs: 4, maxMs: 8, ...options })
  const ask$ = sessions
    .ask$({ endpoint: 'b:1', role: 'control', frame: requestFrame(7), timeoutMs: 15, patient: false })
    .pipe(
      map(() => 'a'),
      errorsAsValues(),
    )
  return { transport, ask$ }
}

describe('a connection at whose gate nobody looks', () => {
  it(
    'is not idle while a question on it waits for its answer',
    marbles(m => {
      const { ask$, transport } = drawn(m, '----------a')
      m.expect(ask$, '^  ').toBeObservable('(a|)')
      m.expect(ask$, '--^').toBeObservable('------------(a|)')
      m.flush()
      expect([transport.dials, transport.hangUps]).toEqual([['b:1 at 0'], ['b:1 at 16']])
    }),
  )

  it(
    'is not kept by a question that ran out of time',
    marbles(m => {
      const { ask$, transport } = drawn(m, '')
      m.expect(ask$, '^  ').toBeObservable('(a|)')
      m.expect(ask$, '--^').toBeObservable('-----------------(T|)', { T: 'ERR_RMQ_TIMEOUT maybe' })
      m.flush()
      expect(transport.hangUps).toHaveLength(1)
    }),
  )

  it(
    'is hung up by a client that closes only when what is on the way was answered',
    marbles(m => {
      const closes = new Subject<void>()
      const { ask$, transport } = drawn(m, '------a', { idleMs: 1_000, closing$: closes })
      m.expect(ask$, '^  ').toBeObservable('(a|)')
      m.expect(ask$, '--^').toBeObservable('--------(a|)')
      m.expect(m.cold('----x').pipe(tap(() => closes.next()))).toBeObservable('----x')
      m.flush()
      expect(transport.hangUps).toEqual(['b:1 at 8'])
    }),
  )

  it(
    'is not dialed again when it is lost while a client that closes waits for an answer on it',
    marbles(m => {
      const closes = new Subject<void>()
      const { ask$, transport } = drawn(m, '', { idleMs: 1_000, closing$: closes }, 'c-----#')
      m.expect(ask$, '^  ').toBeObservable('(a|)')
      m.expect(ask$, '--^').toBeObservable('------(L|)', { L: 'ERR_RMQ_CONNECT maybe' })
      m.expect(m.cold('----x').pipe(tap(() => closes.next()))).toBeObservable('----x')
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0'])
    }),
  )
})
