import { EMPTY, map, NEVER, type Observable, Subject, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { connectionLost, notConnected } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { onewayFrame, requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import { createSessions, type Ask, type SessionsOptions } from '../../src/remoting/sessions.ts'
import { fakeTransport, type FakeTransportOptions, type Script } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const yes = responseFrame({ opaque: 0 }, 0, { remark: 'yes' })
const lost = connectionLost('b:1', 'no')

/** Sessions on a scripted wire: the answer comes as drawn, connections live as drawn, one diagram for each dial. */
const drawn = (
  m: Marbles,
  {
    answers = '---a|',
    lives = [],
    ...options
  }: { answers?: string; lives?: readonly string[] } & Partial<SessionsOptions>,
) => {
  const events: ReportedEvent[] = []
  const script: Script = () => m.cold(answers, { a: yes })
  let dials = 0
  const connects: Partial<FakeTransportOptions> =
    lives.length === 0 ? {} : { connects: () => m.cold(lives[dials++] ?? '#', {}, lost) }
  const transport = fakeTransport(script, connects)
  const sessions = createSessions({
    transport,
    closing$: NEVER,
    idleMs: 4,
    firstMs: 4,
    maxMs: 8,
    random: () => 1,
    report: event => events.push(event),
    ...options,
  })
  const ask$ = (ask: Partial<Ask> = {}) =>
    sessions
      .ask$({ endpoint: 'b:1', role: 'control', frame: requestFrame(7), timeoutMs: 20, patient: false, ...ask })
      .pipe(
        map(({ remark }) => (remark === 'yes' ? 'a' : '?')),
        errorsAsValues(),
      )
  return { sessions, transport, ask$, events }
}

const states = (events: readonly ReportedEvent[]) =>
  events.flatMap(event => (event.type === 'connection-state' ? event.state : []))

describe('a shared connection', () => {
  it(
    'is opened by the first who asks and used by all',
    marbles(m => {
      const { ask$, transport } = drawn(m, { lives: ['--c'] })
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
      const { ask$, transport } = drawn(m, {})
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
      const { ask$, transport, events } = drawn(m, {})
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
      const { ask$, transport } = drawn(m, { idleMs: 1_000, closing$: closes })
      m.expect(ask$()).toBeObservable('---(a|)')
      m.expect(m.cold('-----x').pipe(tap(() => closes.next()))).toBeObservable('-----x')
      m.flush()
      expect(transport.hangUps).toEqual(['b:1 at 5'])
    }),
  )

  it(
    'lives for as long as anyone looks at its state',
    marbles(m => {
      const { sessions, transport } = drawn(m, { lives: ['-c---#', 'c'] })
      const state$ = sessions.gate$('b:1', 'control').pipe(map(({ up }) => (up ? 'u' : 'd')))
      m.expect(state$, '^-----------! ').toBeObservable('-u---d---u')
      m.flush()
      expect(transport.hangUps).toEqual(['b:1 at 16'])
    }),
  )

  it(
    'tells its events in order: dialed, connected, lost and for how long, dialed again, hung up',
    marbles(m => {
      const { sessions, events } = drawn(m, { lives: ['-c---#', 'c'] })
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

describe('a request whose connection is lost', () => {
  it(
    'fails, was perhaps carried out, and is never repeated here',
    marbles(m => {
      const { ask$, transport } = drawn(m, { answers: '----------a', lives: ['-c--#', 'c'] })
      m.expect(ask$({ patient: true })).toBeObservable('----(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(transport.written).toHaveLength(1)
    }),
  )

  it(
    'was perhaps carried out also where the caller had not wanted to wait for a connection',
    marbles(m => {
      const { ask$ } = drawn(m, { answers: '----------a', lives: ['-c--#', 'c'] })
      m.expect(ask$({ patient: false })).toBeObservable('----(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
    }),
  )

  it(
    'finds the next connection when it is asked again',
    marbles(m => {
      const { ask$, transport } = drawn(m, { lives: ['c-#', 'c'] })
      m.expect(ask$({ patient: true }), '^    ').toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.expect(ask$({ patient: true }), '----^').toBeObservable('---------(a|)')
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0', 'b:1 at 6'])
    }),
  )
})

describe('a request while the connection is down', () => {
  it(
    'fails at once if it is impatient, and waits for the next dial if it is patient',
    marbles(m => {
      const { ask$, transport } = drawn(m, { lives: ['--#', '-c'] })
      m.expect(ask$({ patient: false }), '^   ').toBeObservable('--(X|)     ', { X: 'ERR_RMQ_CONNECT no' })
      m.expect(ask$({ patient: true }), ' ^   ').toBeObservable('----------(a|)')
      m.expect(ask$({ patient: false }), '---^').toBeObservable('---(X|)    ', { X: 'ERR_RMQ_CONNECT no' })
      m.expect(ask$({ patient: true }), ' ---^').toBeObservable('----------(a|)')
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0', 'b:1 at 6'])
    }),
  )

  it(
    'dials no sooner for all who ask: the pauses belong to the endpoint',
    marbles(m => {
      const { ask$, transport } = drawn(m, { idleMs: 1_000, closing$: m.hot('-----------x'), lives: ['#', '#', '#'] })
      for (const when of ['^', '-^', '---^', '-----^', '-------^']) {
        m.expect(ask$(), when).toBeObservable(`${'-'.repeat(when.length - 1)}(X|)`, { X: 'ERR_RMQ_CONNECT no' })
      }
      m.flush()
      expect(transport.dials).toEqual(['b:1 at 0', 'b:1 at 4'])
    }),
  )

  it(
    'is dialed for again soon if the server had answered before, else later and later',
    marbles(m => {
      const answering = drawn(m, { lives: ['#', '#', 'c-----#', 'c'] })
      const silent = drawn(m, { lives: ['#', '#', 'c-----#', 'c'], answers: '' })
      const state$ = ({ sessions }: typeof silent) =>
        sessions.gate$('b:1', 'control').pipe(map(({ up }) => (up ? 'u' : 'd')))
      m.expect(state$(answering), ' ^-------------------------!    ').toBeObservable('d---d-------u-----d---u')
      m.expect(answering.ask$(), '  -------------^               ').toBeObservable('----------------(a|)')
      m.expect(state$(silent), '    ^-----------------------------!').toBeObservable('d---d-------u-----d-------u')
      m.expect(silent.ask$(), '     -------------^               ').toBeObservable('------------------(X|)', {
        X: 'ERR_RMQ_CONNECT maybe',
      })
    }),
  )

  it(
    'waits no longer than its own time, though others wait on',
    marbles(m => {
      const { ask$ } = drawn(m, { lives: ['---------c'] })
      m.expect(ask$({ timeoutMs: 5 })).toBeObservable('-----(X|)', { X: 'ERR_RMQ_CONNECT no' })
      m.expect(ask$({ timeoutMs: 20 })).toBeObservable('------------(a|)')
    }),
  )

  it(
    'has only what is left of its time for the answer',
    marbles(m => {
      const { ask$ } = drawn(m, { lives: ['---c'], answers: '----a|' })
      m.expect(ask$({ timeoutMs: 6 })).toBeObservable('------(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(ask$({ timeoutMs: 8 })).toBeObservable('-------(a|)')
    }),
  )

  it(
    'is withdrawn when unsubscribed: nothing is written when the connection comes',
    marbles(m => {
      const { ask$, transport } = drawn(m, { lives: ['----c'] })
      m.expect(ask$(), '^-!').toBeObservable('')
      m.expect(ask$(), '^--').toBeObservable('-------(a|)')
      m.flush()
      expect(transport.written).toHaveLength(1)
    }),
  )

  it(
    'keeps the reason of the last refusal',
    marbles(m => {
      const reason: unknown[] = []
      const refused = notConnected('b:1', new Error('port unreachable'))
      const sessions = createSessions({
        transport: fakeTransport(() => EMPTY, { connects: () => m.cold('-#', {}, refused) }),
        closing$: NEVER,
        idleMs: 4,
      })
      const ask: Ask = { endpoint: 'b:1', role: 'control', frame: requestFrame(7), timeoutMs: 9, patient: true }
      const told$: Observable<unknown> = sessions.ask$(ask).pipe(tap({ error: (error: unknown) => reason.push(error) }))
      m.expect(told$.pipe(errorsAsValues())).toBeObservable('---------(X|)', { X: 'ERR_RMQ_CONNECT no' })
      m.flush()
      expect(reason).toMatchObject([{ message: expect.stringContaining('port unreachable') as string }])
    }),
  )
})

describe('what else travels on a shared connection', () => {
  it(
    'is told: an answer that comes too late',
    marbles(m => {
      const { ask$, events } = drawn(m, { answers: '-------a|', idleMs: 9 })
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
      const { sessions, ask$, transport } = drawn(m, { answers: '--------a' })
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
      const { sessions, transport } = drawn(m, { lives: ['--c'] })
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
      const { ask$ } = drawn(m, { maxInFlight: 1 })
      m.expect(ask$()).toBeObservable('---(a|)')
      m.expect(ask$()).toBeObservable('(X|)', { X: 'ERR_RMQ_OVERFLOW no' })
    }),
  )
})
