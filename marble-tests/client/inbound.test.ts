import { asyncScheduler, map, merge, of, type Observable, throwError, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createInbound } from '../../src/client/inbound.ts'
import { connectionLost } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { onewayFrame, requestFrame, responseFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import { responseName } from '../../src/protocol/responses.ts'
import type { Inbound } from '../../src/remoting/sessions.ts'
import { marbles } from '../marbles.ts'

/** A broker's question, and what it is told and when. */
const asking = (frame: Frame, reply: (answer: Frame) => Observable<void> = () => of(undefined)) => {
  const told: string[] = []
  const inbound: Inbound = {
    endpoint: 'b:1',
    frame,
    reply$: answer => {
      told.push(`${responseName(answer.code)} to ${answer.opaque} at ${asyncScheduler.now()}`)
      return reply(answer)
    },
  }
  return { inbound, told }
}
const question = (code: number, opaque = 7) => requestFrame(code, { opaque })

const silent = () => undefined

describe('what a broker asks', () => {
  it(
    'is answered by the handler of its code',
    marbles(m => {
      const asked = asking(question(40))
      const inbound = createInbound(m.hot('--q', { q: asked.inbound }), silent)
      inbound.on(40, frame => responseFrame(frame, 0))
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect(asked.told).toEqual(['SUCCESS to 7 at 2'])
    }),
  )

  it(
    'is refused, and reported, when nobody handles its code',
    marbles(m => {
      const events: ReportedEvent[] = []
      const asked = asking(question(220))
      const inbound = createInbound(m.hot('--q', { q: asked.inbound }), event => events.push(event))
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect(asked.told).toEqual(['REQUEST_CODE_NOT_SUPPORTED to 7 at 2'])
      expect(events).toEqual([
        { type: 'inbound-refused', endpoint: 'b:1', code: 220, reason: 'request code 220 is not supported' },
      ])
    }),
  )

  it(
    'is refused, and reported, when its handler fails; the next question is answered again',
    marbles(m => {
      const events: ReportedEvent[] = []
      const first = asking(question(40, 1))
      const second = asking(question(40, 2))
      const inbound = createInbound(m.hot('-f-s', { f: first.inbound, s: second.inbound }), event => events.push(event))
      inbound.on(40, frame => {
        if (frame.opaque === 1) throw new Error('not ready')
        return responseFrame(frame, 0)
      })
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect([...first.told, ...second.told]).toEqual(['SYSTEM_ERROR to 1 at 1', 'SUCCESS to 2 at 3'])
      expect(events).toMatchObject([{ type: 'inbound-refused', code: 40, reason: 'not ready' }])
    }),
  )

  it(
    'may be answered later, while other questions are answered at once',
    marbles(m => {
      const slow = asking(question(309, 1))
      const quick = asking(question(40, 2))
      const inbound = createInbound(m.hot('-s-q', { s: slow.inbound, q: quick.inbound }), silent)
      inbound.on(309, frame => timer(9).pipe(map(() => responseFrame(frame, 0))))
      inbound.on(40, frame => responseFrame(frame, 0))
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect([...slow.told, ...quick.told]).toEqual(['SUCCESS to 1 at 10', 'SUCCESS to 2 at 3'])
    }),
  )

  it(
    'is refused when the answer that was to come later fails',
    marbles(m => {
      const asked = asking(question(309))
      const inbound = createInbound(m.hot('-q', { q: asked.inbound }), silent)
      inbound.on(309, () => m.cold('--#', {}, new Error('no luck')))
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect(asked.told).toEqual(['SYSTEM_ERROR to 7 at 3'])
    }),
  )

  it(
    'is answered by the handler whose it is, and otherwise as they agreed when they came',
    marbles(m => {
      const one = asking(question(307, 1))
      const two = asking(question(307, 2))
      const nobodys = asking(question(307, 3))
      const inbound = createInbound(m.hot('-(otn)', { o: one.inbound, t: two.inbound, n: nobodys.inbound }), silent)
      for (const mine of [1, 2]) {
        inbound.on(
          307,
          frame => (frame.opaque === mine ? responseFrame(frame, 0) : undefined),
          frame => responseFrame(frame, 206),
        )
      }
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect([one.told, two.told, nobodys.told]).toEqual([
        ['SUCCESS to 1 at 1'],
        ['SUCCESS to 2 at 1'],
        ['CONSUMER_NOT_ONLINE to 3 at 1'],
      ])
    }),
  )

  it(
    'is not answered when it is one-way, whoever handles it, or nobody',
    marbles(m => {
      const handled: number[] = []
      const known = asking(onewayFrame(40))
      const unknown = asking(onewayFrame(41))
      const inbound = createInbound(m.hot('-k-u', { k: known.inbound, u: unknown.inbound }), silent)
      inbound.on(40, frame => {
        handled.push(asyncScheduler.now())
        return responseFrame(frame, 0)
      })
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect([handled, known.told, unknown.told]).toEqual([[1], [], []])
    }),
  )

  it(
    'one-way reaches all handlers of its code, and none that was taken away',
    marbles(m => {
      const heard: string[] = []
      const notice = asking(onewayFrame(40))
      const inbound = createInbound(m.cold('-n-n', { n: notice.inbound }), silent)
      const hear = (who: string) => () => {
        heard.push(`${who} at ${asyncScheduler.now()}`)
        return undefined
      }
      const leave = inbound.on(40, hear('one'))
      inbound.on(40, hear('two'))
      asyncScheduler.schedule(leave, 2)
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect(heard).toEqual(['one at 1', 'two at 1', 'two at 3'])
    }),
  )

  it(
    'over a connection that is gone meanwhile disturbs nobody',
    marbles(m => {
      const first = asking(question(40, 1), () => throwError(() => connectionLost('b:1', 'no')))
      const second = asking(question(40, 2))
      const questions$ = merge(m.cold('-f', { f: first.inbound }), m.cold('---s', { s: second.inbound }))
      const inbound = createInbound(questions$, silent)
      inbound.on(40, frame => responseFrame(frame, 0))
      m.expect(inbound.answering$).toBeObservable('')
      m.flush()
      expect(second.told).toEqual(['SUCCESS to 2 at 3'])
    }),
  )
})
