import { from, Observable } from 'rxjs'
import type { ObservableInput, SchedulerLike } from 'rxjs'
import { checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { operationTimeout } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { Delivery, QueueDelivery, Settlement } from './delivery.ts'
import type { OnDecodeError } from './options.ts'

/** What becomes of a delivery whose handler failed. `stop`: it is released, and the stream drains and errors. */
export type ErrorPolicy = 'retry-later' | 'dead-letter' | 'ack' | 'stop'

/** What `process$` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ProcessOptions<D extends Delivery = Delivery> {
  /** Handlers at once. Default 16. It shapes work; what protects memory are the credits of `flow`. */
  readonly concurrency?: number
  /** One at a time per queue, or per key of your own; `none` (default) promises no order. */
  readonly keyBy?: 'none' | 'queue' | ((delivery: D) => unknown)
  /** A handler that takes longer is unsubscribed, its signal aborted, then `onError` decides. ms. Default: no limit. */
  readonly timeoutMs?: number
  /** What becomes of a message whose handler failed. Default `retry-later`. */
  readonly onError?: ErrorPolicy | ((error: unknown, delivery: D) => ErrorPolicy)
  /** When it emits: pull nothing more, finish what runs (at most `timing.drainMs`), commit, leave, complete. */
  readonly until?: ObservableInput<unknown>
}

/** What became of one delivery. */
export interface Processed<D extends Delivery = Delivery> {
  readonly delivery: D
  /** What was decided; `delivery.settled$` tells when the broker side of it is done. */
  readonly settlement: Settlement
  readonly elapsedMs: number
  /** Why the handler failed, if it did. */
  readonly error?: unknown
}

/** Does the work of one message. Completing is success, whatever it emits; throwing, rejecting or an error is failure. */
export type Handler<D extends Delivery = Delivery> = (delivery: D) => ObservableInput<unknown> | void

export interface WorkContext {
  readonly handler: Handler
  readonly timeoutMs: number | undefined
  readonly policy: (error: unknown, delivery: Delivery) => ErrorPolicy
  readonly onDecodeError: OnDecodeError
  readonly onFailure: (where: 'handler' | 'decode', error: unknown, delivery: QueueDelivery) => void
  readonly onStop: (error: unknown) => void
  /** A handler was unsubscribed while it ran: its delivery comes again. */
  readonly onCut: () => void
  readonly scheduler: SchedulerLike
}

/**
 * Runs the handler on one delivery and settles it: completion ⇒ ack, failure ⇒ policy, unless the handler settled it
 * itself. A handler that answers at once costs no subscription. Unsubscribed while it runs, the delivery is released.
 */
export const createWork =
  ({ handler, timeoutMs, policy, onDecodeError, onFailure, onStop, onCut, scheduler }: WorkContext) =>
  (delivery: QueueDelivery): ObservableInput<Processed> => {
    const startedAt = scheduler.now()
    const processed = (error?: unknown): Processed => ({
      delivery,
      settlement: delivery.decision ?? 'released',
      elapsedMs: scheduler.now() - startedAt,
      ...(error === undefined ? {} : { error }),
    })
    const succeed = (): Processed => {
      delivery.ack()
      return processed()
    }
    const fail = (error: unknown): Processed => {
      onFailure('handler', error, delivery)
      if (delivery.decision === undefined) settle(delivery, policy(error, delivery), error, onStop)
      return processed(error)
    }

    try {
      void delivery.message // decoded before the handler sees it, so that rubbish is no failure of the handler
    } catch (error) {
      onFailure('decode', error, delivery)
      settle(delivery, onDecodeError, error, onStop)
      return [processed(error)]
    }
    let result$: Observable<unknown>
    try {
      const result = handler(delivery)
      if (result === undefined) return [succeed()]
      result$ = from(result) // throws when it is no stream at all
    } catch (error) {
      return [fail(error)]
    }
    return running$(result$, delivery, { succeed, fail, onCut, timeoutMs, scheduler })
  }

interface Running {
  readonly succeed: () => Processed
  readonly fail: (error: unknown) => Processed
  readonly onCut: () => void
  readonly timeoutMs: number | undefined
  readonly scheduler: SchedulerLike
}

const running$ = (
  result$: Observable<unknown>,
  delivery: QueueDelivery,
  { succeed, fail, onCut, timeoutMs, scheduler }: Running,
): Observable<Processed> =>
  new Observable<Processed>(subscriber => {
    let over = false
    const end = (outcome: Processed): void => {
      subscriber.next(outcome)
      subscriber.complete()
    }
    const once = (decide: () => Processed): void => {
      if (over) return
      over = true
      end(decide())
    }
    subscriber.add(() => {
      if (over) return
      over = true
      delivery.abort(new Error('the consumer stopped'))
      delivery.release()
      onCut()
    })
    if (timeoutMs !== undefined) {
      const late = scheduler.schedule(() => {
        const error = operationTimeout('the handler', timeoutMs, {
          topic: delivery.topic,
          queue: queueKey(delivery.queue),
          offset: delivery.offset.toString(),
        })
        delivery.abort(error)
        once(() => fail(error))
      }, timeoutMs)
      subscriber.add(late)
    }
    subscriber.add(
      result$.subscribe({
        error: (error: unknown) => once(() => fail(error)),
        complete: () => once(succeed),
      }),
    )
  })

const settle = (
  delivery: QueueDelivery,
  policy: ErrorPolicy,
  error: unknown,
  onStop: (error: unknown) => void,
): void => {
  if (policy === 'ack') delivery.ack()
  else if (policy === 'dead-letter') delivery.deadLetter()
  else if (policy === 'retry-later') delivery.retryLater()
  else {
    delivery.release()
    onStop(error)
  }
}

const POLICIES: readonly ErrorPolicy[] = ['retry-later', 'dead-letter', 'ack', 'stop']
const OR_FUNCTION = ', or a function'

/** Complete and checked; a bad option throws ERR_RMQ_ILLEGAL. A policy function that fails means `retry-later`. */
export const resolveProcessOptions = (given: ProcessOptions) => {
  const { onError: toldPolicy, keyBy: toldKey } = given
  const onError =
    typeof toldPolicy === 'function' ? toldPolicy : oneOf('onError', toldPolicy, 'retry-later', POLICIES, OR_FUNCTION)
  const keyBy =
    typeof toldKey === 'function' ? toldKey : oneOf('keyBy', toldKey, 'none', ['none', 'queue'], OR_FUNCTION)
  const policy = (error: unknown, delivery: Delivery): ErrorPolicy => {
    if (typeof onError !== 'function') return onError
    try {
      const chosen = onError(error, delivery)
      return POLICIES.includes(chosen) ? chosen : 'retry-later'
    } catch {
      return 'retry-later' // the failure of the handler is reported; the message must not be lost over it
    }
  }
  return {
    concurrency: checkedInt('concurrency', given.concurrency, 16, [1, 65_536]),
    timeoutMs: given.timeoutMs === undefined ? undefined : checkedMs('timeoutMs', given.timeoutMs, 0),
    keyBy: keyBy === 'queue' ? (delivery: Delivery): unknown => delivery.queue : keyBy === 'none' ? undefined : keyBy,
    policy,
    until: given.until,
  }
}
