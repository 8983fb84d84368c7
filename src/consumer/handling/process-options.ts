import { from } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { expected, isFunction, optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedInt, checkedMs, oneOf } from '../../client/checks.ts'
import { collected, wrong } from '../../client/problems.ts'
import { illegal } from '../../errors.ts'
import type { Delivery } from '../queues/delivery.ts'
import type { ConsumerSettings } from '../options.ts'
import { ORDERLY_PAUSE_MS, ORDERLY_PAUSE_BOUNDS_MS } from '../queues/orderly-pause.ts'
import { checkUntil, isObservableInput } from './receive-options.ts'

/**
 * What becomes of a delivery whose handler failed. `suspend-queue`: again in place, after a pause in which nothing else of
 * its queue is handled. `stop`: it is released, and the stream drains and errors.
 */
export type ErrorPolicy = 'retry-later' | 'dead-letter' | 'ack' | 'suspend-queue' | 'stop'

/** `suspend-queue` for so many ms, 10 to 30,000, as Java's setSuspendCurrentQueueTimeMillis: for this failure alone. */
export interface SuspendFor {
  readonly suspendMs: number
}

/** What handlers have in common. */
interface WorkOptions<D extends Delivery> {
  /**
   * Handlers at once. Default 16. It shapes work; what protects memory are the credits of `flow`. A stream of numbers
   * changes it while they run: 16 until it emits; what is no number from 1 to 65,536 is told in `failures$`, and the last
   * good one stays.
   */
  readonly concurrency?: number | ObservableInput<number>
  /** A handler that takes longer is unsubscribed, its signal aborted, then `onError` decides. ms. Default: no limit. */
  readonly timeoutMs?: number
  /**
   * What becomes of a message whose handler failed. Default `retry-later`; `suspend-queue` where the order of queues is
   * kept (`ordering: 'queue'`), and only there allowed; `ack` in broadcasting, which knows neither retries nor dead letters.
   * Where order is kept, a function may also answer `{ suspendMs }`: how long the queue rests this time. What a function
   * may not answer is told in `failures$`, as what it throws, and the default holds.
   */
  readonly onError?: ErrorPolicy | ((error: unknown, delivery: D) => ErrorPolicy | SuspendFor)
  /**
   * How long a queue rests after `suspend-queue`, ms, 10 to 30,000. Default 1,000, as Java's suspendCurrentQueueTimeMillis.
   * Of a batch in which each asks for another rest, the longest counts.
   */
  readonly suspendMs?: number
  /** When it emits: pull nothing more, finish what runs (at most `timing.drainMs`), commit, leave, complete. */
  readonly until?: ObservableInput<unknown>
}

/** What `process$` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ProcessOptions<D extends Delivery = Delivery> extends WorkOptions<D> {
  /**
   * One at a time per queue, or per key of your own; `none` (default) promises no order. With `ordering: 'queue'` the
   * default is `queue`, and a function makes lanes inside each queue.
   */
  readonly keyBy?: 'none' | 'queue' | ((delivery: D) => unknown)
}

/** What `processBatch$` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ProcessBatchOptions<D extends Delivery = Delivery> extends WorkOptions<D> {
  /** Messages in a batch at most. Default 32; no more than the credits of `flow` allow in hand. */
  readonly maxCount?: number
  /** Stored bytes of a batch at most; a larger message comes alone. Default 1 MiB. */
  readonly maxBytes?: number
  /** How long the first of a batch waits for company at most, ms. Default 0: what is there. */
  readonly lingerMs?: number
  /** Batches of one queue each, one at a time per queue. Default `none`: any messages together; `queue` with `ordering: 'queue'`. */
  readonly keyBy?: 'none' | 'queue'
}

const POLICIES: readonly ErrorPolicy[] = ['retry-later', 'dead-letter', 'ack', 'suspend-queue', 'stop']
const OR_FUNCTION = ', or a function'
const DEFAULT_CONCURRENCY = 16
const MOST_AT_ONCE = 65_536

type Mode = Pick<ConsumerSettings, 'ordering' | 'model' | 'flow' | 'settleTimeoutMs'>

const policiesOf = ({ ordering, model }: Mode): readonly ErrorPolicy[] =>
  POLICIES.filter(
    policy =>
      (policy !== 'suspend-queue' || ordering === 'queue') &&
      (model === 'clustering' || policy === 'ack' || policy === 'stop' || policy === 'suspend-queue'),
  )
const usualPolicy = ({ ordering, model }: Mode): ErrorPolicy => {
  if (ordering === 'queue') return 'suspend-queue'
  return model === 'broadcasting' ? 'ack' : 'retry-later'
}

/** Decides about one failure. What is wrong with the decision itself is told, and the usual one taken. */
export type Policy = (
  error: unknown,
  delivery: Delivery,
  onProblem: (problem: unknown) => void,
) => ErrorPolicy | SuspendFor

const isRest = (answer: unknown): answer is SuspendFor => typeof answer === 'object' && answer !== null

/** Throws ERR_RMQ_ILLEGAL for what `onError` may not answer. */
const checkAnswer = (answer: ErrorPolicy | SuspendFor, allowed: readonly ErrorPolicy[], { ordering }: Mode): void => {
  const said = (what: string, expectation: string) => illegal(`onError answered ${what}: expected ${expectation}`)
  if (!isRest(answer)) {
    if (!allowed.includes(answer)) throw said(`"${answer}"`, `one of ${allowed.join(', ')}`)
    return
  }
  const { suspendMs } = answer
  const [least, most] = ORDERLY_PAUSE_BOUNDS_MS
  if (ordering === 'none') throw said('{ suspendMs }', `ordering: 'queue' for that, or one of ${allowed.join(', ')}`)
  if (!Number.isInteger(suspendMs) || suspendMs < least || suspendMs > most)
    throw said(`{ suspendMs: ${String(suspendMs)} }`, `a whole number from ${least} to ${most}`)
}

const checkedPolicy = (told: ProcessOptions['onError'], mode: Mode): Policy => {
  const usual = usualPolicy(mode)
  const allowed = policiesOf(mode)
  if (typeof told !== 'function') {
    const fixed = oneOf('onError', told, usual, allowed, OR_FUNCTION)
    return () => fixed
  }
  return (error, delivery, onProblem) => {
    try {
      const answer = told(error, delivery)
      checkAnswer(answer, allowed, mode)
      return answer
    } catch (problem) {
      onProblem(problem)
      return usual // the message must not be lost over it
    }
  }
}

const isGoodConcurrency = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_AT_ONCE

/** Throws ERR_RMQ_ILLEGAL for what is no number of handlers. */
export const checkedConcurrency = (value: unknown): number => {
  if (isGoodConcurrency(value)) return value
  throw illegal(`concurrency is ${String(value)}: expected a whole number from 1 to ${MOST_AT_ONCE}`)
}

const isStream = (given: ProcessOptions['concurrency']): given is ObservableInput<number> => isObservableInput(given)

/** A handler that may take longer than that would be overtaken by the redelivery of its own message. */
const checkedTimeout = (timeoutMs: number | undefined, { ordering, model, settleTimeoutMs }: Mode) => {
  if (timeoutMs === undefined) return undefined
  const checked = checkedMs('timeoutMs', timeoutMs, 1)
  if (ordering === 'none' && model === 'clustering' && checked > settleTimeoutMs) {
    wrong(illegal(`timeoutMs is ${checked}: settleTimeoutMs, ${settleTimeoutMs}, sends the message back before`), 0)
  }
  return checked
}

/** Throws ERR_RMQ_ILLEGAL for what is no handler. */
export const checkHandler = (handler: unknown): void =>
  expected('the handler', handler, isFunction(handler), 'a function')

const resolveWork = (given: Omit<ProcessOptions, 'keyBy'>, mode: Mode) => {
  checkUntil(given.until)
  return {
    concurrency: isStream(given.concurrency)
      ? DEFAULT_CONCURRENCY
      : checkedInt('concurrency', given.concurrency, DEFAULT_CONCURRENCY, [1, MOST_AT_ONCE]),
    concurrency$: isStream(given.concurrency) ? from(given.concurrency) : undefined,
    timeoutMs: checkedTimeout(given.timeoutMs, mode),
    policy: checkedPolicy(given.onError, mode),
    suspendMs: checkedInt('suspendMs', given.suspendMs, ORDERLY_PAUSE_MS, ORDERLY_PAUSE_BOUNDS_MS),
    until: given.until,
  }
}

const OF_WORK = { concurrency: 0, keyBy: 0, timeoutMs: 0, onError: 0, suspendMs: 0, until: 0 }
const OF_BATCHES = { ...OF_WORK, maxCount: 0, maxBytes: 0, lingerMs: 0 }
const KEYS = ['none', 'queue'] as const
const byQueue = (delivery: Delivery): unknown => delivery.queue

/** Complete and checked; a bad option throws ERR_RMQ_ILLEGAL. A policy function that fails means the usual policy. */
export const resolveProcessOptions = (told: ProcessOptions | undefined, mode: Mode) =>
  collected('process$', () => {
    const given = optionsOf('options', told)
    checkNames('process', given, OF_WORK)
    const keyBy = typeof given.keyBy === 'function' ? given.keyBy : checkedKey(given.keyBy, mode, OR_FUNCTION)
    return {
      ...resolveWork(given, mode),
      keyBy: keyBy === 'queue' ? byQueue : keyBy === 'none' ? undefined : keyBy,
    }
  })

const checkedKey = (told: 'none' | 'queue' | undefined, { ordering }: Mode, orElse = ''): 'none' | 'queue' => {
  const inOrder = ordering === 'queue'
  const keyBy = oneOf('keyBy', told, inOrder ? 'queue' : 'none', KEYS, orElse)
  if (!inOrder || keyBy !== 'none') return keyBy
  return wrong(illegal("keyBy is none: ordering 'queue' keeps the order of each queue"), 'queue')
}

/** The same of batches. */
export const resolveProcessBatchOptions = (told: ProcessBatchOptions | undefined, mode: Mode) =>
  collected('processBatch$', () => {
    const { flow } = mode
    const given = optionsOf('options', told)
    checkNames('processBatch', given, OF_BATCHES)
    const keyBy = checkedKey(given.keyBy, mode)
    const most = keyBy === 'queue' ? Math.min(flow.unsettledPerQueue, flow.unsettled) : flow.unsettled
    return {
      ...resolveWork(given, mode),
      perQueue: keyBy === 'queue',
      maxCount: checkedInt('maxCount', given.maxCount, Math.min(32, most), [1, most]),
      maxBytes: checkedInt('maxBytes', given.maxBytes, 1 << 20, [1]),
      lingerMs: checkedMs('lingerMs', given.lingerMs, 0, 0),
    }
  })
