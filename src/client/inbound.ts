import { catchError, defer, EMPTY, from, mergeMap, of } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Report } from '../observability/events.ts'
import { isOneway, responseFrame } from '../protocol/frame.ts'
import type { Frame } from '../protocol/frame.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { Inbound } from '../remoting/sessions.ts'

/** Answers one request of a broker: an answer frame, or nothing for one-way requests. */
type InboundHandler = (frame: Frame, endpoint: string) => Frame | undefined

export interface InboundTable {
  /** Adds a handler for a request code; returns how to take it away. One-way requests reach every handler of their code. */
  on(code: number, handler: InboundHandler): () => void
  /** Answers what arrives, for as long as it is subscribed. */
  readonly answering$: Observable<never>
}

/** Broker → client requests: code ⇒ handlers. What nobody handles is refused with code 3, a throw with code 1. */
export const createInbound = (inbound$: Observable<Inbound>, report: Report): InboundTable => {
  const handlers = new Map<number, Set<InboundHandler>>()

  const on = (code: number, handler: InboundHandler): (() => void) => {
    const known = handlers.get(code) ?? new Set()
    handlers.set(code, known.add(handler))
    return () => {
      known.delete(handler)
    }
  }

  const refusal = (frame: Frame, endpoint: string, code: number, remark: string): Frame => {
    report({ type: 'inbound-refused', endpoint, code: frame.code, reason: remark })
    return responseFrame(frame, code, { remark })
  }
  const answerTo = ({ frame, endpoint }: Inbound): Frame | undefined => {
    const known = [...(handlers.get(frame.code) ?? [])]
    if (known.length === 0) {
      return refusal(
        frame,
        endpoint,
        RESPONSE.REQUEST_CODE_NOT_SUPPORTED,
        `request code ${frame.code} is not supported`,
      )
    }
    try {
      return known.map(handler => handler(frame, endpoint)).find(answer => answer !== undefined)
    } catch (cause) {
      return refusal(
        frame,
        endpoint,
        RESPONSE.SYSTEM_ERROR,
        cause instanceof Error ? cause.message : 'the handler failed',
      )
    }
  }
  const answered$ = (inbound: Inbound): Observable<never> =>
    defer(() => {
      const answer = answerTo(inbound)
      return answer === undefined || isOneway(inbound.frame) ? EMPTY : from(of(answer))
    }).pipe(
      mergeMap(answer => inbound.reply$(answer)),
      mergeMap(() => EMPTY),
      catchError(() => EMPTY), // its connection is gone, and with it whoever asked
    )

  return { on, answering$: inbound$.pipe(mergeMap(inbound => answered$(inbound))) }
}
