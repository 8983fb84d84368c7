import { from } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { Handler, Processed } from '../queues/handler.ts'
import { runHandler$ } from './run-handler.ts'
import { createSettling, isOpen } from './settling.ts'
import type { SettlingContext } from './settling.ts'

export interface WorkContext extends SettlingContext {
  readonly timeoutMs: number | undefined
  /** A handler was unsubscribed while it ran: its delivery comes again. */
  readonly onCut: () => void
}

/**
 * Runs the handler on one delivery and settles it: completion ⇒ ack, failure ⇒ policy, unless the handler settled it
 * itself. A handler that answers at once costs no subscription. Unsubscribed while it runs, the delivery is released.
 * Emits what became of it; nothing when it shall be tried again in place.
 */
export const createWork = (handler: Handler<QueueDelivery>, context: WorkContext) => {
  const { timeoutMs, onCut, scheduler } = context
  const { unreadable, failed, processed } = createSettling(context)

  return (delivery: QueueDelivery): ObservableInput<Processed<QueueDelivery>> => {
    if (!isOpen(delivery)) return [] // taken away while it waited: whoever has its queue now gets it again
    const startedAt = scheduler.now()
    delivery.startedAt ??= startedAt
    const rubbish = unreadable(delivery)
    if (rubbish !== undefined) return [processed(delivery, startedAt, rubbish.error)]
    const succeed = (): Processed<QueueDelivery> => {
      delivery.ack()
      return processed(delivery, startedAt)
    }
    const fail = (error: unknown): Processed<QueueDelivery> | undefined => {
      failed(delivery, error)
      return isOpen(delivery) ? undefined : processed(delivery, startedAt, error)
    }
    let result$: Observable<unknown>
    try {
      const result = handler(delivery)
      if (result === undefined) return [succeed()]
      result$ = from(result) // throws when it is no stream at all
    } catch (error) {
      const result = fail(error)
      return result === undefined ? [] : [result]
    }
    const lost = (reason: unknown): Processed<QueueDelivery> => processed(delivery, startedAt, reason)
    return runHandler$(result$, { deliveries: [delivery], succeed, fail, lost, onCut, timeoutMs, scheduler })
  }
}
