import { from } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { BatchHandler, Processed } from '../queues/handler.ts'
import { runHandler$ } from './run-handler.ts'
import { createSettling, isOpen } from './settling.ts'
import type { WorkContext } from './work.ts'

type Results = readonly Processed<QueueDelivery>[]

/**
 * Runs the handler on a batch and settles what it did not settle itself. Emits what became of those that are decided;
 * the others shall be tried again in place.
 */
export const createBatchWork = (handler: BatchHandler<QueueDelivery>, context: WorkContext) => {
  const { timeoutMs, onCut, scheduler } = context
  const { unreadable, failed, processed } = createSettling(context)

  return (batch: readonly QueueDelivery[]): ObservableInput<Results> => {
    const startedAt = scheduler.now()
    const rubbish: Processed<QueueDelivery>[] = []
    const deliveries = batch.filter(isOpen).filter(delivery => {
      delivery.startedAt ??= startedAt
      const found = unreadable(delivery)
      if (found !== undefined) rubbish.push(processed(delivery, startedAt, found.error))
      return found === undefined
    })
    const told = (error?: unknown): Results => [
      ...rubbish,
      ...deliveries.filter(delivery => !isOpen(delivery)).map(delivery => processed(delivery, startedAt, error)),
    ]
    const succeed = (): Results => {
      for (const delivery of deliveries) delivery.ack()
      return told()
    }
    const fail = (error: unknown): Results => {
      for (const delivery of deliveries) if (isOpen(delivery)) failed(delivery, error)
      return told(error)
    }
    if (deliveries.length === 0) return [rubbish]
    let result$: Observable<unknown>
    try {
      const result = handler(deliveries)
      if (result === undefined) return [succeed()]
      result$ = from(result) // throws when it is no stream at all
    } catch (error) {
      return [fail(error)]
    }
    return runHandler$(result$, { deliveries, succeed, fail, lost: told, onCut, timeoutMs, scheduler })
  }
}
