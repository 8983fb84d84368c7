import { EMPTY, map, NEVER, type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import { createSessions, type Ask } from '../../src/remoting/sessions.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { drawSessions } from './sessions-drawn.ts'

describe('a request whose connection is lost', () => {
  it(
    'fails, was perhaps carried out, and is never repeated here',
    marbles(m => {
      const { ask$, transport } = drawSessions(m, { answers: '----------a', lives: ['-c--#', 'c'] })
      m.expect(ask$({ patient: true })).toBeObservable('----(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(transport.written).toHaveLength(1)
    }),
  )

  it(
    'was perhaps carried out also where the caller had not wanted to wait for a connection',
    marbles(m => {
      const { ask$ } = drawSessions(m, { answers: '----------a', lives: ['-c--#', 'c'] })
      m.expect(ask$({ patient: false })).toBeObservable('----(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
    }),
  )

  it(
    'finds the next connection when it is asked again',
    marbles(m => {
      const { ask$, transport } = drawSessions(m, { lives: ['c-#', 'c'] })
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
      const { ask$, transport } = drawSessions(m, { lives: ['--#', '-c'] })
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
      const { ask$, transport } = drawSessions(m, {
        idleMs: 1_000,
        closing$: m.hot('-----------x'),
        lives: ['#', '#', '#'],
      })
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
      const answering = drawSessions(m, { lives: ['#', '#', 'c-----#', 'c'] })
      const silent = drawSessions(m, { lives: ['#', '#', 'c-----#', 'c'], answers: '' })
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
      const { ask$ } = drawSessions(m, { lives: ['---------c'] })
      m.expect(ask$({ timeoutMs: 5 })).toBeObservable('-----(X|)', { X: 'ERR_RMQ_CONNECT no' })
      m.expect(ask$({ timeoutMs: 20 })).toBeObservable('------------(a|)')
    }),
  )

  it(
    'has only what is left of its time for the answer',
    marbles(m => {
      const { ask$ } = drawSessions(m, { lives: ['---c'], answers: '----a|' })
      m.expect(ask$({ timeoutMs: 6 })).toBeObservable('------(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(ask$({ timeoutMs: 8 })).toBeObservable('-------(a|)')
    }),
  )

  it(
    'is withdrawn when unsubscribed: nothing is written when the connection comes',
    marbles(m => {
      const { ask$, transport } = drawSessions(m, { lives: ['----c'] })
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
