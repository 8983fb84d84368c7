import { Observable } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { operationTimeout } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueDelivery } from '../queues/delivery.ts'

export interface RunHandlerOptions<R> {
  /** What the handler was given: one delivery, or the batch. */
  readonly deliveries: readonly QueueDelivery[]
  readonly succeed: () => R
  /** Nothing: it is tried again. */
  readonly fail: (error: unknown) => R | undefined
  /** All it worked on was taken away. */
  readonly lost: (reason: unknown) => R
  /** It was unsubscribed while it ran: what it did not settle is released. */
  readonly onCut: () => void
  readonly timeoutMs: number | undefined
  readonly scheduler: SchedulerLike
}

/**
 * What a handler returned, watched to its end: completion, failure, the end of its time, or that everything it works on
 * was taken away. One result or none, then completion; afterwards the handler is unsubscribed.
 */
export const runHandler$ = <R>(result$: Observable<unknown>, options: RunHandlerOptions<R>): Observable<R> =>
  new Observable<R>(subscriber => {
    const { deliveries, succeed, fail, lost, onCut, timeoutMs, scheduler } = options
    const [first] = deliveries
    let over = false
    const once = (decide: () => R | undefined): void => {
      if (over) return
      over = true
      const result = decide()
      if (result !== undefined) subscriber.next(result)
      subscriber.complete()
    }
    for (const delivery of deliveries) {
      delivery.onLost = reason => {
        if (deliveries.every(({ decision }) => decision !== undefined)) once(() => lost(reason))
      }
    }
    subscriber.add(() => {
      for (const delivery of deliveries) delivery.onLost = undefined
      if (over) return
      over = true
      for (const delivery of deliveries) {
        delivery.abort(new Error('the consumer stopped'))
        delivery.release()
      }
      onCut()
    })
    if (timeoutMs !== undefined && first !== undefined) {
      const late = scheduler.schedule(() => {
        const { topic, queue, offset } = first
        const at = { topic, queue: queueKey(queue), offset: offset.toString() }
        const error = operationTimeout('the handler', timeoutMs, at)
        for (const delivery of deliveries) delivery.abort(error)
        once(() => fail(error))
      }, timeoutMs)
      subscriber.add(late)
    }
    const end = {
      error: (error: unknown) => once(() => fail(error)),
      complete: () => once(succeed),
    }
    try {
      subscriber.add(result$.subscribe(end))
    } catch (error) {
      end.error(error) // a stream of somebody's own, whose `subscribe` throws: no other message pays for that
    }
  })
