import { catchError, concatMap, defer, map, of, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { oneOf } from '../client/checks.ts'
import { illegal } from '../errors.ts'
import { message } from '../messages/message.ts'
import type { MessageOptions, Outbound } from '../messages/message.ts'
import { topic } from '../messages/topic.ts'
import type { Topic } from '../messages/topic.ts'
import type { Report } from '../observability/events.ts'
import { asRocketError } from './send-outcome.ts'
import type { NotSent, SendOne, SendOutcome } from './send-outcome.ts'

/**
 * Where messages go that could not be sent. They keep their bytes, tag, keys, sharding key and properties; what could not
 * even be made goes there as the input, written by the codec of this topic. The properties `deadLetterTopic`,
 * `deadLetterCode`, `deadLetterReason` and `deadLetterSent` tell where to, why, and whether it may be stored there as well.
 */
export interface DeadLetter {
  readonly deadLetter: Topic
}

/** What becomes of a failure: see `SendStreamOptions.onError`. */
export type OnFailure = 'stop' | 'continue' | DeadLetter
/** One answer for all failures, or a function that is asked for each. */
export type OnSendError<In> = OnFailure | ((failure: NotSent<In>) => OnFailure)

/** Decides over failures. */
export interface Settle<In> {
  /** The same sends, with failures settled; `isStopped`: nothing is asked any more. */
  readonly settled: (send$: SendOne<In>, isStopped: () => boolean) => SendOne<In>
  /** A failure of an input that was not at work, and for which there is no time. */
  readonly atOnce: (failure: NotSent<In>) => NotSent<In>
  /** Whether the stream goes on after it. */
  readonly isTolerated: (outcome: SendOutcome<In>) => boolean
}

export interface SettleOptions {
  readonly send$: (letter: Outbound) => Observable<unknown>
  readonly report: Report
}

/** `undefined` where one word says it for all: `stop` or `continue`. */
export const createSettle = <In>(
  onError: OnSendError<In> | undefined,
  { send$, report }: SettleOptions,
): Settle<In> | undefined => {
  if (onError === undefined || typeof onError === 'string') {
    oneOf('onError', onError, 'stop', ['stop', 'continue'], ', { deadLetter } or a function')
    return undefined
  }
  const decide = typeof onError === 'function' ? onError : () => onError
  if (typeof onError !== 'function') checkedLetter(onError)
  const tolerated = new WeakSet<SendOutcome<In>>()
  const tolerate = (failure: NotSent<In>): NotSent<In> => {
    tolerated.add(failure)
    return failure
  }

  /** What it is decided to be; a decision that fails stops the stream, as its failure has to be heard. */
  const decided = (failure: NotSent<In>): { readonly choice: OnFailure; readonly failure: NotSent<In> } => {
    try {
      const choice = decide(failure)
      if (typeof choice === 'string') oneOf('what onError returns', choice, 'stop', ['stop', 'continue'])
      else checkedLetter(choice)
      return { choice, failure }
    } catch (cause) {
      const error = illegal(`onError failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      return { choice: 'stop', failure: { ...failure, error } }
    }
  }

  const deadLettered$ = (failure: NotSent<In>, failed: Outbound | undefined, to: Topic): Observable<NotSent<In>> =>
    sendFirst$(send$, lettersFor(failure, failed, to)).pipe(
      map(() => true),
      catchError((cause: unknown) => {
        report({ type: 'dead-letter-failed', topic: to.name, error: asRocketError(cause) })
        return of(false)
      }),
      map(deadLettered => tolerate({ ...failure, deadLettered })),
    )

  return {
    settled: (send, isStopped) => (input, note) =>
      defer(() => {
        let failed: Outbound | undefined
        const keep = (made: Outbound): void => {
          failed = made
        }
        return send(input, undefined, keep).pipe(
          concatMap(outcome => {
            if (outcome.ok) return of(outcome)
            const { choice, failure } = isStopped() ? { choice: 'stop' as const, failure: outcome } : decided(outcome)
            if (typeof choice === 'object') return deadLettered$(failure, failed, choice.deadLetter)
            if (choice === 'continue') return of(tolerate(failure))
            note?.(failure)
            return of(failure)
          }),
        )
      }),
    atOnce: overflowing => {
      const { choice, failure } = decided(overflowing)
      if (choice === 'stop') return failure
      return tolerate(choice === 'continue' ? failure : { ...failure, deadLettered: false })
    },
    isTolerated: outcome => tolerated.has(outcome),
  }
}

const checkedLetter = (choice: DeadLetter): void => {
  const to: unknown = (choice as Partial<DeadLetter> | null | undefined)?.deadLetter
  if (typeof (to as Partial<Topic> | undefined)?.name !== 'string') {
    throw illegal('onError is neither stop, continue nor { deadLetter } with a topic')
  }
}

/** Sends the first that can be; the next is tried only when the one before was refused for what it says of itself. */
const sendFirst$ = (send$: SettleOptions['send$'], letters: readonly Outbound[]): Observable<unknown> => {
  const [first, ...others] = letters
  if (first === undefined) return throwError(() => illegal('no dead letter could be made'))
  return send$(first).pipe(
    catchError((cause: unknown) => {
      const { code } = asRocketError(cause)
      const isRefused = code === 'ERR_RMQ_ILLEGAL' || code === 'ERR_RMQ_TOO_LARGE'
      return isRefused && others.length > 0 ? sendFirst$(send$, others) : throwError(() => cause)
    }),
  )
}

const MOST_REASON = 1_000

const lettersFor = <In>(
  { input, error }: NotSent<In>,
  failed: Outbound | undefined,
  to: Topic,
): readonly Outbound[] => {
  const why = {
    ...(failed === undefined ? {} : { deadLetterTopic: failed.topic.name }),
    deadLetterCode: error.code,
    // eslint-disable-next-line no-control-regex -- the two separators of properties
    deadLetterReason: error.message.replace(/[\u0001\u0002]/g, ' ').slice(0, MOST_REASON),
    deadLetterSent: error.sent,
  }
  if (failed === undefined) return [message(to, input, { properties: why })]
  const as = topic(to.name, failed.topic.codec)
  const { tag, keys, shardKey, properties } = failed
  const own: MessageOptions = {
    ...(tag === undefined ? {} : { tag }),
    ...(keys === undefined ? {} : { keys }),
    ...(shardKey === undefined ? {} : { shardKey }),
  }
  return [
    message(as, failed.body, { ...own, properties: { ...properties, ...why } }),
    message(as, failed.body, { properties: why }), // what it failed for may be in its own properties
  ]
}
