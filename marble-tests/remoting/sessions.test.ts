import { map, ReplaySubject, Subject, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { onewayFrame, requestFrame } from '../../src/protocol/frames/frame.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { drawSessions, lost } from './sessions-drawn.ts'

const states = (events: readonly ReportedEvent[]) =>
  events.flatMap(event => (event.type === 'connection-state' ? event.state : []))

describe('a shared connection', () => {
  it(
    'is opened by the first who asks and used by all',
    marbles(m => {
      const { ask$, transport } = drawSessions(m, { lives: ['--c'] })
      m.expect(ask$(), '^          ').toBeObservable('-----(a|)')
      m.expect(ask$(), '-^         ').toBeObservable('-----(a|)')
      m.expect(ask$(), '------^    ').toBeObservable('---------(a|)')
      m.flush()
      expect([transport.dials, transport.written.map(({ at }) => at)]).toEqual([['b:1 at 0'], [2, 2, 6]])
    }),
  )

  it(
    'is another one for held pulls, and for another endpoint',
    marbles(m => {
      const { ask$, transport } = drawSessions(m, {})
      m.expect(ask$()).toBeObservable('---(a|)')
      m.expect(ask$({ role: 'pull' })).toBeObservable('---(a|)')
      m.expect(ask$({ endpoint: 'b:2' })).toBeObservable('---(a|)')
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0', 'b:1 at 0', 'b:2 at 0'])
    }),
  )

  it(
    'stays a while after the last answer, then is hung up, and opened again for the next who asks',
    marbles(m => {
      const { ask$, transport, events } = drawSessions(m, {})
      m.expect(ask$(), '^              ').toBeObservable('---(a|)')
      m.expect(ask$(), '-----^         ').toBeObservable('--------(a|)')
      m.expect(ask$(), '--------------^').toBeObservable('-----------------(a|)')
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0', 'b:1 at 14'])
      expect(transport.hangUps).toEqual(['b:1 at 12', 'b:1 at 21'])
      const once = ['connecting', 'connected', 'closing', 'closed']
      expect(states(events)).toEqual([...once, ...once])
    }),
  )

  it(
    'is not kept for its while once the client closes',
    marbles(m => {
      const closes = new Subject<void>()
      const { ask$, transport } = drawSessions(m, { idleMs: 1_000, closing$: closes })
      m.expect(ask$()).toBeObservable('---(a|)')
      m.expect(m.cold('-----x').pipe(tap(() => closes.next()))).toBeObservable('-----x')
      m.flush()
      expect(transport.hangUps).toEqual(['b:1 at 5'])
    }),
  )

  it(
    'is not dialed any more once the client has closed, neither by who asks nor by who tells or waits',
    marbles(m => {
      const closes = new ReplaySubject<void>(1)
      const { ask$, sessions, transport } = drawSessions(m, { lives: ['-#', '-#', 'c'], closing$: closes })
      const tell$ = sessions
        .tell$({ endpoint: 'b:2', role: 'control', frame: onewayFrame(7), timeoutMs: 20, patient: true })
        .pipe(errorsAsValues())
      const C = 'ERR_RMQ_CLOSED no'
      m.expect(ask$({ patient: true }), '--^ ').toBeObservable('----(C|)', { C })
      m.expect(m.cold('                    ----x').pipe(tap(() => closes.next()))).toBeObservable('----x')
      m.expect(ask$({ patient: true }), '-----^').toBeObservable('-----(C|)', { C })
      m.expect(tell$, '                   -----^').toBeObservable('-----(C|)', { C })
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 2'])
    }),
  )

  it(
    'lives for as long as anyone looks at its state',
    marbles(m => {
      const { sessions, transport } = drawSessions(m, { lives: ['-c---#', 'c'] })
      const state$ = sessions.gate$('b:1', 'control').pipe(map(({ up }) => (up ? 'u' : 'd')))
      m.expect(state$, '^-----------! ').toBeObservable('-u---d---u')
      m.flush()
      expect(transport.hangUps).toEqual(['b:1 at 16'])
    }),
  )

  it(
    'tells its events in order: dialed, connected, lost and for how long, dialed again, hung up',
    marbles(m => {
      const { sessions, events } = drawSessions(m, { lives: ['-c---#', 'c'] })
      m.expect(sessions.gate$('b:1', 'pull').pipe(map(() => 'x')), '^---------!').toBeObservable('-x---x---x')
      m.flush()
      expect(states(events)).toEqual([
        'connecting',
        'connected',
        'disconnected',
        'connecting',
        'connected',
        'closing',
        'closed',
      ])
      expect(events[2]).toMatchObject({ endpoint: 'b:1', role: 'pull', cause: lost, retryInMs: 4 })
    }),
  )
})

describe('what else travels on a shared connection', () => {
  it(
    'is told: an answer that comes too late',
    marbles(m => {
      const { ask$, events } = drawSessions(m, { answers: '-------a|', idleMs: 9 })
      m.expect(ask$({ timeoutMs: 5 })).toBeObservable('-----(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.flush()
      expect(events.filter(({ type }) => type === 'late-response')).toEqual([
        { type: 'late-response', endpoint: 'b:1', opaque: 1 },
      ])
    }),
  )

  it(
    'is handed on: what servers ask, from every connection, for as long as it lives',
    marbles(m => {
      const { sessions, ask$, transport } = drawSessions(m, { answers: '--------a' })
      const question = requestFrame(40, { opaque: 5 })
      const inbound$ = sessions.inbound$.pipe(map(({ endpoint }) => endpoint.slice(-1)))
      m.expect(inbound$).toBeObservable('-12')
      m.expect(ask$({ timeoutMs: 5 })).toBeObservable('-----(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(ask$({ timeoutMs: 5, endpoint: 'b:2' })).toBeObservable('-----(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      const said = m.cold('-12-------1').pipe(tap(which => transport.say(`b:${which}`, question)))
      m.expect(said).toBeObservable('-12-------1')
    }),
  )

  it(
    'is told without an answer: over when the socket took it',
    marbles(m => {
      const { sessions, transport } = drawSessions(m, { lives: ['--c'] })
      const told$ = sessions
        .tell$({ endpoint: 'b:1', role: 'control', frame: onewayFrame(7), timeoutMs: 20, patient: false })
        .pipe(map(() => 't'))
      m.expect(told$).toBeObservable('--(t|)')
      m.flush()
      expect(transport.written).toHaveLength(1)
    }),
  )

  it(
    'is limited: too many requests without an answer are refused',
    marbles(m => {
      const { ask$ } = drawSessions(m, { maxInFlight: 1 })
      m.expect(ask$()).toBeObservable('---(a|)')
      m.expect(ask$()).toBeObservable('(X|)', { X: 'ERR_RMQ_OVERFLOW no' })
    }),
  )
})
