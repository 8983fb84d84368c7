import { catchError, defer, throwError, throwIfEmpty } from 'rxjs'
import type { Observable } from 'rxjs'
import { illegal, isRocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import type { Requirement, SendResult } from './send-result.ts'

/** One message on its way through the interceptors, before it is checked and encoded. */
export interface Sending {
  /** The producer group. */
  readonly group: string
  readonly message: Outbound
  /** Made when the send was called: it stays, whatever becomes of the message. */
  readonly messageId: string
  /** As the caller said: `SendOptions`. */
  readonly options: { readonly timeoutMs?: number; readonly require?: Requirement; readonly signal?: AbortSignal }
}

/**
 * Something around every logical send, with all its repeats: it may look at the message, hand on another one, look at
 * the result (`attempts`, `elapsedMs`) or the error, or fail. `next` is cold: each subscription to what it gives is a
 * send with the same message id.
 */
export type SendInterceptor = (
  sending: Sending,
  next: (sending: Sending) => Observable<SendResult>,
) => Observable<SendResult>

/** The first one hears of a send first, and of its end last. */
export const throughInterceptors = (
  interceptors: readonly SendInterceptor[],
  send$: (sending: Sending) => Observable<SendResult>,
): ((sending: Sending) => Observable<SendResult>) => {
  const through$ = interceptors.reduceRight<typeof send$>((next, around) => sending => around(sending, next), send$)
  return sending =>
    defer(() => through$(sending)).pipe(
      throwIfEmpty(() => new Error('it gave no result')),
      catchError((cause: unknown) => throwError(() => (isRocketError(cause) ? cause : failed(sending, cause)))),
    )
}

const failed = ({ message, options: { signal } }: Sending, cause: unknown): unknown => {
  if (signal?.aborted === true && cause === signal.reason) return cause
  const topic = message.topic.name
  const why = cause instanceof Error ? cause.message : String(cause)
  return illegal(`an interceptor failed at a message to "${topic}": ${why}`, {
    cause,
    topic,
    sent: 'maybe', // it may have failed after the message was stored
    advice: 'fix the interceptor',
  })
}
