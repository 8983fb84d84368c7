import { catchError, defer, EMPTY, filter, isObservable, mergeMap, of, take } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Report } from '../observability/events.ts'
import { isOneway, responseFrame } from '../protocol/frames/frame.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { Inbound } from '../remoting/sessions.ts'

/**
 * Answers one request of a broker: an answer frame, at once or later, or nothing for one-way requests and for those that
 * another handler of the code answers.
 */
type InboundHandler = (frame: Frame, endpoint: string) => Frame | Observable<Frame> | undefined
/** What is answered when no handler of the code does. */
type Otherwise = (frame: Frame) => Frame

export interface InboundTable {
  /** Adds a handler for a request code; returns how to take it away. Requests reach every handler of their code. */
  on(code: number, handler: InboundHandler, otherwise?: Otherwise): () => void
  /** Answers what arrives, for as long as it is subscribed. */
  readonly answering$: Observable<never>
}

/** Broker → client requests: code ⇒ handlers. What nobody handles is refused with code 3, a throw with code 1. */
export const createInbound = (inbound$: Observable<Inbound>, report: Report): InboundTable => {
  const handlers = new Map<number, Map<InboundHandler, Otherwise | undefined>>()

  const on = (code: number, handler: InboundHandler, otherwise?: Otherwise): (() => void) => {
    const known = handlers.get(code) ?? new Map<InboundHandler, Otherwise | undefined>()
    handlers.set(code, known.set(handler, otherwise))
    return () => {
      known.delete(handler)
    }
  }

  const refusal = (frame: Frame, endpoint: string, code: number, remark: string): Frame => {
    report({ type: 'inbound-refused', endpoint, code: frame.code, reason: remark })
    return responseFrame(frame, code, { remark })
  }
  const answer$ = ({ frame, endpoint }: Inbound): Observable<Frame> => {
    const known = [...(handlers.get(frame.code) ?? [])]
    if (known.length === 0) {
      const remark = `request code ${frame.code} is not supported`
      return of(refusal(frame, endpoint, RESPONSE.REQUEST_CODE_NOT_SUPPORTED, remark))
    }
    const answers = known.map(([handler]) => handler(frame, endpoint))
    const answer = answers.find(given => given !== undefined) ?? known.find(([, otherwise]) => otherwise)?.[1]?.(frame)
    if (answer === undefined) return EMPTY
    return isObservable(answer) ? answer : of(answer)
  }
  const failed = ({ frame, endpoint }: Inbound, cause: unknown): Frame =>
    refusal(frame, endpoint, RESPONSE.SYSTEM_ERROR, cause instanceof Error ? cause.message : 'the handler failed')

  const answered$ = (inbound: Inbound): Observable<never> =>
    defer(() => answer$(inbound)).pipe(
      take(1),
      catchError((cause: unknown) => of(failed(inbound, cause))),
      filter(() => !isOneway(inbound.frame)),
      mergeMap(answer => inbound.reply$(answer)),
      mergeMap(() => EMPTY),
      catchError(() => EMPTY), // its connection is gone, and with it whoever asked
    )

  return { on, answering$: inbound$.pipe(mergeMap(inbound => answered$(inbound))) }
}
