import { concat, defer, EMPTY, filter, ReplaySubject, tap, throwError } from 'rxjs'
import type { Observable, OperatorFunction } from 'rxjs'
import { optionsOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedInt, oneOf } from '../client/checks.ts'
import { overflow, streamStopped } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { boundedMap } from '../operators/bounded-map.ts'
import { boundedPull } from '../operators/from-pull.ts'
import { checkFunction } from './call-options.ts'
import { resolveGather } from './gather.ts'
import type { Gather, GatherOptions } from './gather.ts'
import type { OnSendError, Settle } from './on-send-error.ts'
import type { NotSent, SendOne, SendOutcome } from './send-outcome.ts'

/** What `sendAll` and `sendFrom$` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface SendStreamOptions<In> {
  /**
   * Sends on the way at once from this stream. Default 64; with `batch` it is requests, and the default 16. Without `keyBy`,
   * more than 1 promises no order.
   */
  readonly concurrency?: number
  /** The next send of a key waits for the previous one: per-key order, also over repeats. Default: no keys. */
  readonly keyBy?: (input: In) => unknown
  /** Outcomes as they come (`completion`, default), or in the order of their inputs (`source`). */
  readonly order?: 'completion' | 'source'
  /**
   * Messages of one topic, and of one queue where they have a sharding key, travel together. What came within one turn
   * leaves at once; while a request is on the way more gathers. Those of one `keyBy`, or else of one sharding key, stay in
   * order. What cannot share a request goes alone: delays, transactions, bodies that are compressed. Up to `concurrency`
   * times `maxCount` inputs are at work. Default: each message is a request.
   */
  readonly batch?: GatherOptions
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
   * `{ deadLetter: topic }`: the same, and the message goes to that topic, with properties that tell why. A function is
   * asked at each failure which of them it shall be.
   */
  readonly onError?: OnSendError<In>
}

/** How inputs are sent. */
export interface Sends<In> {
  /** One by one. */
  readonly one$: SendOne<In>
  /** Several at once; made anew for each subscription. */
  readonly gather: () => Gather<In>
  /** What becomes of failures; `undefined`: that is said for all. */
  readonly settle: Settle<In> | undefined
  readonly report: Report
}

type Work<In> = (input: In) => Observable<SendOutcome<In>>
type Bounded<In> = (work: Work<In>, more: More<In>) => Observable<SendOutcome<In>>
interface More<In> {
  readonly until$?: Observable<unknown>
  readonly putBack?: (input: In) => void
  readonly onSourceEnd?: () => void
}

const BUFFERED = 16_384
const AT_ONCE = 64
/** Few requests of many messages are enough to keep a broker busy; more would only be memory. */
const BATCHES_AT_ONCE = 16

/** How many requests may be on the way at once. */
export const resolveConcurrency = (given: number | undefined, batch: GatherOptions | undefined): number =>
  checkedInt('concurrency', given, batch === undefined ? AT_ONCE : BATCHES_AT_ONCE, [1, 65_536])

/** Element in, outcome out, a bounded number at once. */
export const sendAll = <In>(
  sends: Sends<In>,
  options: SendStreamOptions<In>,
): OperatorFunction<In, SendOutcome<In>> => {
  const shape = shapeOf(options)
  const { onError = 'stop' } = options
  const stopsOnError = onError === 'stop' || typeof onError === 'function'
  const { settle, report } = sends
  const buffering = optionsOf('buffer', options.buffer)
  checkNames('buffer', buffering, { count: true, overflow: true })
  const policy = oneOf('buffer.overflow', buffering.overflow, 'error', ['error', 'drop-newest', 'drop-oldest'])
  const count = checkedInt('buffer.count', buffering.count, BUFFERED, [0])
  const noRoom = (input: In): NotSent<In> => {
    const failure: NotSent<In> = { ok: false, input, error: overflow('the buffer of sendAll', count) }
    return settle === undefined ? failure : settle.atOnce(failure)
  }
  const buffer = {
    count,
    overflow: policy === 'drop-oldest' ? ('drop-oldest' as const) : ('drop-newest' as const),
    // a drop that was asked for is no failure of the stream; otherwise every input has its outcome
    ...(policy === 'error' || !stopsOnError ? { resultOfDropped: noRoom } : {}),
    ...(policy === 'error' ? {} : { onDrop: () => report({ type: 'input-dropped', policy }) }),
  }
  return source$ => sent$(sends, options, (work, more) => source$.pipe(boundedMap(work, { ...shape, buffer, ...more })))
}

/** Pulls from an iterable no faster than it can send: memory is bounded by `concurrency`. */
export const sendFrom$ = <In>(
  source: AsyncIterable<In> | Iterable<In>,
  sends: Sends<In>,
  options: Omit<SendStreamOptions<In>, 'buffer'>,
): Observable<SendOutcome<In>> => {
  const shape = shapeOf(options)
  return sent$(sends, options, (work, more) => boundedPull(source, work, { ...shape, ...more }))
}

const shapeOf = <In>({ concurrency, order, keyBy, batch }: SendStreamOptions<In>) => {
  const atOnce = resolveConcurrency(concurrency, batch)
  if (keyBy !== undefined) checkFunction('keyBy', keyBy)
  return {
    concurrency: atOnce * (batch === undefined ? 1 : resolveGather(batch).maxCount),
    order: oneOf('order', order, 'completion', ['completion', 'source']),
    // what gathers keeps its order itself: here a key would let in one at a time
    ...(keyBy === undefined || batch !== undefined ? {} : { keyBy }),
  }
}

const sent$ = <In>(sends: Sends<In>, { batch, onError }: SendStreamOptions<In>, bounded$: Bounded<In>) => {
  const { one$, gather, settle } = sends
  const run$ = (send$: SendOne<In>, more: More<In>, stop: () => void) => {
    if (onError === 'continue') return bounded$(input => send$(input), more)
    return stopping$(send$, settle, (work, until) => bounded$(work, { ...more, ...until }), stop)
  }
  if (batch === undefined) return run$(one$, {}, () => undefined)
  return defer(() => {
    const { send$, hurry, stop } = gather()
    return run$(send$, { onSourceEnd: hurry }, stop)
  })
}

/** Takes nothing new after the first failure, lets finish what is on the way, and ends with what was not sent. */
const stopping$ = <In>(
  send$: SendOne<In>,
  settle: Settle<In> | undefined,
  bounded$: Bounded<In>,
  stop: () => void,
): Observable<SendOutcome<In>> =>
  defer(() => {
    const stops = new ReplaySubject<void>(1)
    const failedToo: In[] = []
    let unsent: In[] = [] // of those that waited; what had been asked for may arrive after the end
    let failure: NotSent<In> | undefined
    const stopsIt = (outcome: SendOutcome<In>): outcome is NotSent<In> =>
      !outcome.ok && settle?.isTolerated(outcome) !== true
    const noteFailure = (outcome: NotSent<In>): void => {
      if (failure === undefined) failure = outcome
      else failedToo.push(outcome.input)
      stops.next()
    }
    const noted = new Set<SendOutcome<In>>()
    // Noted where it happens: with `order: 'source'` the outcome may be held back, and sending must stop at once.
    const note = (outcome: SendOutcome<In>): void => {
      if (!stopsIt(outcome)) return
      noted.add(outcome)
      noteFailure(outcome)
    }
    const work$ = settle === undefined ? send$ : settle.settled(send$, () => failure !== undefined)
    return concat(
      bounded$(input => work$(input, note), {
        until$: stops.pipe(tap(stop)),
        putBack: input => unsent.push(input),
      }).pipe(
        tap(outcome => {
          // an input that found no room was not at work
          if (stopsIt(outcome) && !noted.delete(outcome)) noteFailure(outcome)
        }),
        filter(outcome => !stopsIt(outcome)),
      ),
      defer(() => {
        const failed = failure
        if (failed === undefined) return EMPTY
        unsent = [...failedToo, ...unsent]
        return throwError(() => streamStopped(failed.error, failed.input, unsent))
      }),
    )
  })
