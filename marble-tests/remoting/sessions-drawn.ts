/** Sessions on a scripted wire, for pictures. */
import { map, NEVER } from 'rxjs'
import { connectionLost } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { requestFrame, responseFrame } from '../../src/protocol/frames/frame.ts'
import { createSessions, type Ask, type SessionsOptions } from '../../src/remoting/sessions.ts'
import { fakeTransport, type FakeTransportOptions, type Script } from '../../test/support/fake-transport.ts'
import { errorsAsValues, type Marbles } from '../marbles.ts'

const yes = responseFrame({ opaque: 0 }, 0, { remark: 'yes' })
export const lost = connectionLost('b:1', 'no')

/** Sessions on a scripted wire: the answer comes as drawn, connections live as drawn, one diagram for each dial. */
export const drawSessions = (
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
