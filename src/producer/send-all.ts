import { concat, defer, EMPTY, filter, ReplaySubject, tap, throwError } from 'rxjs'
import type { Observable, OperatorFunction } from 'rxjs'
import { checkedInt, oneOf } from '../client/checks.ts'
import { overflow, streamStopped } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { boundedMap } from '../operators/bounded-map.ts'
import { boundedPull } from '../operators/from-pull.ts'
import type { NotSent, SendOutcome } from './send-outcome.ts'

/** What `sendAll` and `sendFrom$` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface SendStreamOptions<In> {
  /** Sends on the way at once from this stream. Default 64. Without `keyBy`, more than 1 promises no order. */
  readonly concurrency?: number
  /** The next send of a key waits for the previous one: per-key order, also over repeats. Default: no keys. */
  readonly keyBy?: (input: In) => unknown
  /** Outcomes as they come (`completion`, default), or in the order of their inputs (`source`). */
  readonly order?: 'completion' | 'source'
  /** An Observable cannot be slowed down: how many inputs may wait (default 16,384), and what then. */
  readonly buffer?: {
    /** Most inputs that wait. Default 16,384; 0: none waits. */
    readonly count?: number
    /**
     * `error` (default): the input that found no room fails with ERR_RMQ_OVERFLOW. `drop-newest`, `drop-oldest`: it, or the
     * one waiting longest, is dropped, counted and reported as an event.
     */
    readonly overflow?: 'error' | 'drop-newest' | 'drop-oldest'
  }
  /**
   * `stop` (default): after a failure nothing new is sent, what is on the way is awaited, then the stream errors with
   * ERR_RMQ_STREAM_STOPPED, which lists what was not sent. `continue`: a failure is an outcome, the stream never errors.
   */
  readonly onError?: 'stop' | 'continue'
}

/** Sends for one input. `note` hears of the outcome before the subscriber does, in whatever order outcomes are told. */
export type SendOne<In> = (input: In, note?: (outcome: SendOutcome<In>) => void) => Observable<SendOutcome<In>>
type Work<In> = (input: In) => Observable<SendOutcome<In>>
type Bounded<In> = (work: Work<In>, stop?: Stop<In>) => Observable<SendOutcome<In>>
interface Stop<In> {
  readonly until$: Observable<unknown>
  readonly putBack: (input: In) => void
}

const BUFFERED = 16_384

/** Element in, outcome out, a bounded number at once. */
export const sendAll = <In>(
  send$: SendOne<In>,
  options: SendStreamOptions<In>,
  report: Report,
): OperatorFunction<In, SendOutcome<In>> => {
  const { stopOnError, ...shape } = resolved(options)
  const policy = oneOf('buffer.overflow', options.buffer?.overflow, 'error', ['error', 'drop-newest', 'drop-oldest'])
  const count = checkedInt('buffer.count', options.buffer?.count, BUFFERED, [0])
  const noRoom = (input: In): NotSent<In> => ({ ok: false, input, error: overflow('the buffer of sendAll', count) })
  const buffer = {
    count,
    overflow: policy === 'drop-oldest' ? ('drop-oldest' as const) : ('drop-newest' as const),
    // a drop that was asked for is no failure of the stream; otherwise every input has its outcome
    ...(policy === 'error' || !stopOnError ? { resultOfDropped: noRoom } : {}),
    ...(policy === 'error' ? {} : { onDrop: () => report({ type: 'input-dropped', policy }) }),
  }
  return source$ => {
    const bounded$: Bounded<In> = (work, stop) => source$.pipe(boundedMap(work, { ...shape, buffer, ...stop }))
    return stopOnError ? stopping$(send$, bounded$) : bounded$(input => send$(input))
  }
}

/** Pulls from an iterable no faster than it can send: memory is bounded by `concurrency`. */
export const sendFrom$ = <In>(
  source: AsyncIterable<In> | Iterable<In>,
  send$: SendOne<In>,
  options: Omit<SendStreamOptions<In>, 'buffer'>,
): Observable<SendOutcome<In>> => {
  const { stopOnError, ...shape } = resolved(options)
  const bounded$: Bounded<In> = (work, stop) => boundedPull(source, work, { ...shape, ...stop })
  return stopOnError ? stopping$(send$, bounded$) : bounded$(input => send$(input))
}

const resolved = <In>({ concurrency, order, keyBy, onError }: SendStreamOptions<In>) => ({
  stopOnError: oneOf('onError', onError, 'stop', ['stop', 'continue']) === 'stop',
  concurrency: checkedInt('concurrency', concurrency, 64, [1, 65_536]),
  order: oneOf('order', order, 'completion', ['completion', 'source']),
  ...(keyBy === undefined ? {} : { keyBy }),
})

/** Takes nothing new after the first failure, lets finish what is on the way, and ends with what was not sent. */
const stopping$ = <In>(send$: SendOne<In>, bounded$: Bounded<In>): Observable<SendOutcome<In>> =>
  defer(() => {
    const stops = new ReplaySubject<void>(1)
    const unsent: In[] = []
    let failure: NotSent<In> | undefined
    const noteFailure = (outcome: SendOutcome<In>): void => {
      if (outcome.ok) return
      if (failure === undefined) failure = outcome
      else unsent.push(outcome.input)
      stops.next()
    }
    const noted = new Set<SendOutcome<In>>()
    // Noted where it happens: with `order: 'source'` the outcome may be held back, and sending must stop at once.
    const note = (outcome: SendOutcome<In>): void => {
      if (outcome.ok) return
      noted.add(outcome)
      noteFailure(outcome)
    }
    return concat(
      bounded$(input => send$(input, note), { until$: stops, putBack: input => unsent.push(input) }).pipe(
        tap(outcome => {
          if (!noted.delete(outcome)) noteFailure(outcome) // an input that found no room was not at work
        }),
        filter(outcome => outcome.ok),
      ),
      defer(() => {
        const failed = failure
        return failed === undefined ? EMPTY : throwError(() => streamStopped(failed.error, failed.input, unsent))
      }),
    )
  })
