import { concat, map, NEVER, type Observable, of, tap, timer } from 'rxjs'
import { asyncScheduler } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createInbound } from '../../src/client/inbound.ts'
import { answerAdmin } from '../../src/consumer/group/admin-requests.ts'
import type { MemberView } from '../../src/consumer/group/member-view.ts'
import { decodeConsumedDirectly } from '../../src/protocol/bodies/bodies.ts'
import { type Frame, requestFrame } from '../../src/protocol/frames/frame.ts'
import type { Inbound } from '../../src/remoting/sessions.ts'
import { aMember } from '../../test/support/a-member.ts'
import { storedBytes } from '../../test/support/builders.ts'
import { type Marbles, marbles } from '../marbles.ts'

const RUNNING = 307
const DIRECTLY = 309

/** A member that is asked by these questions, and when it answers what. */
const asking = (m: Marbles, member: MemberView, questions$: Observable<readonly [code: number, opaque: number]>) => {
  const told: string[] = []
  const asked$ = questions$.pipe(
    map(([code, opaque]): Inbound => {
      const fields = { consumerGroup: 'g', clientId: 'c' }
      const frame = requestFrame(code, { fields, opaque, body: code === DIRECTLY ? storedBytes() : Buffer.alloc(0) })
      const reply$ = (answer: Frame) => {
        told.push(`#${answer.opaque} at ${asyncScheduler.now()}: ${saying(code, answer)}`)
        return of(undefined)
      }
      return { endpoint: 'a:1', frame, reply$ }
    }),
  )
  const inbound = createInbound(asked$, () => undefined)
  const leave = answerAdmin({ inbound, namespace: undefined, scheduler: asyncScheduler }, member)
  m.expect(inbound.answering$).toBeObservable('')
  return { told, leave }
}

const saying = (code: number, answer: Frame): string => {
  if (answer.code !== 0) return `${answer.code} ${answer.remark ?? ''}`
  if (code === RUNNING) return 'running'
  const { consumeResult, spentTimeMills } = decodeConsumedDirectly(answer.body)
  return `${consumeResult} after ${spentTimeMills}`
}

const succeeding = (ms: number): Observable<{ readonly result: 'CR_SUCCESS' }> =>
  timer(ms).pipe(map(() => ({ result: 'CR_SUCCESS' })))

describe('a message that is consumed directly', () => {
  it(
    'says how long its handler took, and keeps no other question waiting',
    marbles(m => {
      const member = aMember({ consumeDirectly$: () => succeeding(6) })
      const { told } = asking(m, member, m.hot('-dr', { d: [DIRECTLY, 1], r: [RUNNING, 2] }))
      m.flush()
      expect(told).toEqual(['#2 at 2: running', '#1 at 7: CR_SUCCESS after 6'])
    }),
  )

  it(
    'is one of few at a time: who comes too often is told to come later, and may when one is done',
    marbles(m => {
      let started = 0
      const member = aMember({ consumeDirectly$: () => (started++, started === 1 ? succeeding(6) : NEVER) })
      const many = Array.from({ length: 17 }, (_, n) => [DIRECTLY, n + 1] as const)
      const later$ = timer(8).pipe(map(() => [DIRECTLY, 18] as const))
      const { told } = asking(m, member, concat(of(...many), later$))
      m.flush()
      expect(started).toBe(17)
      expect(told).toEqual([
        '#17 at 0: 2 group "g" consumes 16 messages directly already: try again later',
        '#1 at 6: CR_SUCCESS after 6',
      ])
    }),
  )

  it(
    'is let go when the member leaves: who asked is told so',
    marbles(m => {
      const member = aMember({ consumeDirectly$: () => succeeding(9).pipe(tap(() => expect.unreachable())) })
      const { told, leave } = asking(m, member, m.hot('-d', { d: [DIRECTLY, 1] }))
      asyncScheduler.schedule(leave, 4)
      m.flush()
      expect(told).toEqual(['#1 at 4: 1 this member has left group "g"'])
    }),
  )
})
