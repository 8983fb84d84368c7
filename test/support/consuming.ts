import { filter, map, scan } from 'rxjs'
import type { Client, Consumer, Delivery, Processed } from '../../src/index.ts'
import { expect } from 'vitest'
import { firstWhere } from './first-where.ts'

/** A consumer's deliveries as a test watches them. */
export interface Consuming<D extends Delivery = Delivery> {
  /** What was processed, as it grows. */
  readonly processed: readonly Processed<D>[]
  /** Why it ended, if it failed. */
  failure(): unknown
  isOver(): boolean
  /** Stops at once. */
  unsubscribe(): void
  /** Resolves when it has ended by itself. */
  readonly over: Promise<void>
}

/** Starts consuming and keeps what comes. */
export const consume = <D extends Delivery>(
  consumer: Consumer<D>,
  ...args: Parameters<Consumer<D>['process$']>
): Consuming<D> => {
  const processed: Processed<D>[] = []
  let failure: unknown
  let isOver = false
  let end: () => void
  const over = new Promise<void>(resolve => (end = resolve))
  const finish = (cause?: unknown): void => {
    failure = cause
    isOver = true
    end()
  }
  const subscription = consumer.process$(...args).subscribe({
    next: one => processed.push(one),
    error: finish,
    complete: () => finish(),
  })
  return {
    processed,
    failure: () => failure,
    isOver: () => isOver,
    unsubscribe: () => subscription.unsubscribe(),
    over,
  }
}

/** Resolves when a consumer knows where to begin on so many queues (its retry topic not counted); subscribe it afterwards. */
export const started = (client: Client, queues: number): Promise<number> =>
  firstWhere(
    client.events$.pipe(
      filter(event => event.type === 'start-position' && !event.queue.topic.startsWith('%RETRY%')),
      scan(count => count + 1, 0),
    ),
    count => count === queues,
  )

/** Waits until a consumer has processed so many. */
export const processedCount = (consuming: Consuming, count: number, withinMs = 20_000): Promise<unknown> =>
  expect.poll(() => consuming.processed.length, { timeout: withinMs, interval: 20 }).toBeGreaterThanOrEqual(count)

/** Resolves when everything that is held is processed to its end, as the consumer itself measures it. */
export const caughtUp = (consumer: Consumer): Promise<unknown> =>
  firstWhere(
    consumer.lag$(50).pipe(map(queues => queues.filter(({ queue }) => !queue.topic.startsWith('%RETRY%')))),
    queues => queues.length > 0 && queues.every(({ lag, unsettled }) => lag === 0 && unsettled === 0),
  )
