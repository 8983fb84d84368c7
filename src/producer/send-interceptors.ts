import { catchError, defer, throwError, throwIfEmpty } from 'rxjs'
import type { Observable } from 'rxjs'
import { optionsOf } from '../client/check-kinds.ts'
import { illegal, isRocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { checkMessage } from './message-shape.ts'
import type { Requirement, SendResult } from './send-result.ts'
import type { OnewayReceipt } from './oneway-receipt.ts'

/**
 * By which door a message leaves: `send$`; `oneway$`; as one of a batch, of `sendBatch$` or gathered; as one of
 * `onewayBatch$`; as the half message of a transaction; as a request that waits for a reply, or as the reply to one.
 */
export type SendKind = 'send' | 'oneway' | 'batch' | 'oneway-batch' | 'transaction' | 'request' | 'reply'

/** One message on its way through the interceptors, before it is checked and encoded. */
export interface Sending {
  readonly kind: SendKind
  /** The producer group. */
  readonly group: string
  readonly message: Outbound
  /** Made when the send was called: it stays, whatever becomes of the message. */
  readonly messageId: string
  /** As the caller said: `SendOptions`. Others that are handed on count where each message has its own: for `send`. */
  readonly options: { readonly timeoutMs?: number; readonly require?: Requirement; readonly signal?: AbortSignal }
}

/** What becomes of a message: what the broker says, or, one-way, that a socket took it. */
export type Accepted = SendResult | OnewayReceipt

/**
 * Something around every logical send, with all its repeats: it may look at the message, hand on another one, look at
 * the result (`attempts`, `elapsedMs`; one-way there are none) or the error, or fail. `next` is cold: each subscription to
 * what it gives is a send with the same message id. Every message of a batch comes by itself, and the batch leaves when all
 * of them have been handed on, without those that were not: who holds one back holds back its batch. One that is handed on
 * again after that goes alone. Around a request it ends when the request is stored; a reply goes to
 * whoever asked, whatever topic is handed on. The end of a transaction is no message.
 */
export type SendInterceptor = (
  sending: Sending,
  next: (sending: Sending) => Observable<Accepted>,
) => Observable<Accepted>

/** All interceptors around one way to send. */
export type Around = <R extends Accepted>(
  sending: Omit<Sending, 'group'>,
  send$: (sending: Sending) => Observable<R>,
) => Observable<R>

/** The first one hears of a send first, and of its end last. Undefined when there is none. */
export const createAround = (interceptors: readonly SendInterceptor[], group: string): Around | undefined =>
  interceptors.length === 0
    ? undefined
    : <R extends Accepted>(given: Omit<Sending, 'group'>, send$: (sending: Sending) => Observable<R>) => {
        const sending: Sending = { ...given, group }
        return defer(() => {
          optionsOf('options', sending.options)
          checkMessage(sending.message) // before anybody looks into them
          const through$ = interceptors.reduceRight<(sending: Sending) => Observable<Accepted>>(
            (next, around) => one => around(one, next),
            send$,
          )
          return through$(sending) as Observable<R> // whoever makes up a result answers for its kind
        }).pipe(
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
