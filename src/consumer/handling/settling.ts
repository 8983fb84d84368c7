import type { SchedulerLike } from 'rxjs'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { OnDecodeError } from '../options.ts'
import type { ErrorPolicy, Policy } from './process-options.ts'
import type { Processed } from '../queues/handler.ts'
import { oneMore } from '../queues/trouble.ts'

export interface SettlingContext {
  readonly policy: Policy
  /** Attempts in place after the first one. */
  readonly maxAttempts: number
  readonly onDecodeError: OnDecodeError
  readonly onFailure: (where: 'handler' | 'decode', error: unknown, delivery: QueueDelivery) => void
  /** Told of each delivery that work is done with, for statistics. */
  readonly onProcessed?: ((processed: Processed<QueueDelivery>) => void) | undefined
  readonly onStop: (error: unknown) => void
  readonly scheduler: SchedulerLike
}

/** Nobody has decided about it. */
export const isOpen = ({ decision }: QueueDelivery): boolean => decision === undefined

export const isReadable = (delivery: QueueDelivery): boolean => {
  try {
    void delivery.message
    return true
  } catch {
    return false // whoever works on it is told why
  }
}

/** What becomes of deliveries as handlers end. */
export const createSettling = (context: SettlingContext) => {
  const { policy, maxAttempts, onDecodeError, onFailure, onProcessed, onStop, scheduler } = context

  /** By what was chosen; `suspend-queue` leaves it open, until it was tried too often. */
  const settle = (delivery: QueueDelivery, chosen: ErrorPolicy, error: unknown): void => {
    const exhausted = chosen === 'suspend-queue' && delivery.attempt > maxAttempts
    if (chosen === 'ack') delivery.ack()
    else if (chosen === 'dead-letter' || exhausted) delivery.deadLetter()
    else if (chosen === 'retry-later') delivery.retryLater()
    else if (chosen === 'stop') {
      delivery.release()
      onStop(error)
    }
  }

  return {
    /**
     * Decodes before the handler sees it, so that rubbish is no failure of the handler. Rubbish is settled: says why; or
     * delivered all the same, where that is wanted.
     */
    unreadable: (delivery: QueueDelivery): { readonly error: unknown } | undefined => {
      const { decodeError: error } = delivery
      if (error === undefined) return undefined
      onFailure('decode', error, delivery)
      if (onDecodeError === 'deliver-raw') return undefined
      settle(delivery, onDecodeError, error)
      return { error }
    },
    /** The handler failed: unless it settled the delivery itself, `onError` decides. */
    failed: (delivery: QueueDelivery, error: unknown): void => {
      onFailure('handler', error, delivery)
      if (!isOpen(delivery)) return
      delivery.trouble = oneMore(delivery.trouble, error, scheduler.now())
      const chosen = policy(error, delivery, problem => onFailure('handler', problem, delivery))
      delivery.restMs = typeof chosen === 'object' ? chosen.suspendMs : undefined
      settle(delivery, typeof chosen === 'object' ? 'suspend-queue' : chosen, error)
    },
    processed: (delivery: QueueDelivery, startedAt: number, error?: unknown): Processed<QueueDelivery> => {
      const processed = {
        delivery,
        settlement: delivery.decision ?? 'released',
        elapsedMs: scheduler.now() - startedAt,
        ...(error === undefined ? {} : { error }),
      }
      onProcessed?.(processed)
      return processed
    },
  }
}
