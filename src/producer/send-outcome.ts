import { Observable } from 'rxjs'
import { illegal, isRocketError } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import type { ReportedEvent } from '../observability/events.ts'
import type { SendResult } from './send-result.ts'
import type { Abandoned } from './send-slots.ts'

/** A send that succeeded, with the input that it was for: the same reference. */
export interface Sent<In> {
  readonly ok: true
  readonly input: In
  readonly result: SendResult
}
/** A send that failed; `error.sent` tells whether the message may be stored all the same. */
export interface NotSent<In> {
  readonly ok: false
  readonly input: In
  readonly error: RocketError
  /** With `onError: { deadLetter }`: whether it is in the topic for those. */
  readonly deadLettered?: boolean
}
/** What became of one input: every input has exactly one. */
export type SendOutcome<In> = Sent<In> | NotSent<In>

/**
 * Sends for one input. `note` hears of the outcome before the subscriber does, in whatever order outcomes are told; `made`
 * gets the message, if one could be made.
 */
export type SendOne<In> = (
  input: In,
  note?: (outcome: SendOutcome<In>) => void,
  made?: (message: Outbound) => void,
) => Observable<SendOutcome<In>>

/**
 * A send whose failure is a value, also when it could not even be made. `note` hears of the outcome first. One operator by
 * hand: it runs for every message.
 */
export const outcome$ = <In>(
  input: In,
  send$: () => Observable<SendResult>,
  note?: (outcome: SendOutcome<In>) => void,
): Observable<SendOutcome<In>> =>
  new Observable<SendOutcome<In>>(subscriber => {
    const tell = (outcome: SendOutcome<In>): void => {
      note?.(outcome)
      subscriber.next(outcome)
      subscriber.complete()
    }
    const fail = (cause: unknown): void => tell({ ok: false, input, error: asRocketError(cause) })
    let sent$: Observable<SendResult>
    try {
      sent$ = send$()
    } catch (cause) {
      return fail(cause)
    }
    return sent$.subscribe({ next: result => tell({ ok: true, input, result }), error: fail })
  })

/** What was thrown while a message was made becomes ERR_RMQ_ILLEGAL. */
export const asRocketError = (cause: unknown): RocketError =>
  isRocketError(cause)
    ? cause
    : illegal(`the message could not be made: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })

/** What is told of a send, or a batch of them, whose subscriber had left. */
export const abandonedSend = (topic: string, messageId: string, how: Abandoned): ReportedEvent =>
  how.stored
    ? { type: 'send-abandoned', topic, messageId, outcome: 'stored' }
    : { type: 'send-abandoned', topic, messageId, outcome: 'failed', error: asRocketError(how.error) }
