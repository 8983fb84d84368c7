import { catchError, defer, map, throwError, throwIfEmpty } from 'rxjs'
import type { Observable } from 'rxjs'
import { illegal, isRocketError } from '../errors.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { requestName } from '../protocol/requests/requests.ts'
import type { Read } from './correlate.ts'
import type { Ask, Inbound, Sessions } from './sessions.ts'

/** Something that is about to be said to a server. */
export interface Call extends Ask {
  /** A request that will be answered, one that will not, or the answer to a request that the server made. */
  readonly kind: 'request' | 'oneway' | 'reply'
}

/** Says it. One value: the answer to a request, whatever its code; `undefined` when the socket took anything else. */
export type CallHandler = (call: Call) => Observable<Frame | undefined>

/**
 * Something around whatever is said to servers: heartbeats, one-way calls and replies pass it, too. It hands on the call
 * that it is given, or another one, or fails; what `next` tells is the answer before anybody has looked at it. It must
 * not hand on twice what must not happen twice.
 */
export type Interceptor = (next: CallHandler) => CallHandler

/** Several as one: the first one hears of a call first, and of its answer last. */
export const compose =
  (interceptors: readonly Interceptor[]): Interceptor =>
  next =>
    interceptors.reduceRight((handler, interceptor) => interceptor(handler), next)

/** The same sessions with interceptors around all that is said on them; without any the sessions themselves. */
export const intercepted = (sessions: Sessions, interceptors: readonly Interceptor[]): Sessions => {
  if (interceptors.length === 0) return sessions
  const around = compose(interceptors)
  const through$ = around(call => (call.kind === 'oneway' ? told$(sessions.tell$(call)) : sessions.ask$(call)))
  const saying$ = (call: Call, handler: CallHandler): Observable<Frame | undefined> =>
    defer(() => {
      let sent = false
      const onWritten = (): void => {
        sent = true
        call.onWritten?.()
      }
      return defer(() => handler({ ...call, onWritten })).pipe(
        throwIfEmpty(() => new Error('it gave no answer')),
        catchError((cause: unknown) => throwError(() => (isRocketError(cause) ? cause : failed(call, cause, sent)))),
      )
    })
  const replied = (inbound: Inbound): Inbound => ({
    ...inbound,
    reply$: frame => {
      const { endpoint } = inbound
      const call: Call = { kind: 'reply', endpoint, role: 'control', frame, timeoutMs: REPLY_MS, patient: false }
      const reply$ = around(({ frame: last }) => told$(inbound.reply$(last)))
      return saying$(call, reply$).pipe(map(() => undefined))
    },
  })
  return {
    ...sessions,
    ask$: <T>(ask: Ask, read?: Read<T>) =>
      saying$({ ...ask, kind: 'request' }, through$).pipe(
        map(answer => {
          if (answer === undefined) throw failed(ask, new Error('it gave no answer'), true)
          return read === undefined ? (answer as T) : read(answer) // without a reader T is Frame
        }),
      ),
    tell$: ask => saying$({ ...ask, kind: 'oneway' }, through$).pipe(map(() => undefined)),
    inbound$: sessions.inbound$.pipe(map(replied)),
  }
}

/** Brokers wait no longer for our answers, ms. */
const REPLY_MS = 10_000

const told$ = (said$: Observable<unknown>): Observable<undefined> => said$.pipe(map(() => undefined))

const failed = ({ endpoint, frame }: Ask, cause: unknown, sent: boolean) =>
  illegal(
    `an interceptor failed at request ${requestName(frame.code)} to ${endpoint}: ` +
      (cause instanceof Error ? cause.message : String(cause)),
    { cause, endpoint, sent: sent ? 'maybe' : 'no', advice: 'fix the interceptor' },
  )
