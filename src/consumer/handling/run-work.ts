import { catchError, EMPTY, from, map, reduce, tap } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import { queueKey } from '../../messages/offsets.ts'
import { batchBy } from '../../operators/batch-by.ts'
import { createPermits } from '../../operators/permits.ts'
import { workUntil } from '../../operators/work-until.ts'
import { createBatchWork } from './batch-work.ts'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { GroupSession } from '../group/group-session.ts'
import { tracedBatchHandler, tracedHandler } from './handler-tracer.ts'
import type { HandlerTracer } from './handler-tracer.ts'
import { inPlace } from './in-place.ts'
import type { ConsumerSettings } from '../options.ts'
import { checkedConcurrency } from './process-options.ts'
import type { resolveProcessBatchOptions, resolveProcessOptions } from './process-options.ts'
import type { BatchHandler, Handler, Processed } from '../queues/handler.ts'
import { deliveries$ } from '../group/session-deliveries.ts'
import type { Ending } from '../group/session-run.ts'
import { isReadable } from './settling.ts'
import { createWork } from './work.ts'
import type { WorkContext } from './work.ts'

type Result = Processed<QueueDelivery>
type Resolved = ReturnType<typeof resolveProcessOptions>
type ResolvedBatch = ReturnType<typeof resolveProcessBatchOptions>
type Common = Omit<Resolved, 'keyBy'>

export interface RunWorkOptions {
  readonly shared: SharedClient
  readonly settings: ConsumerSettings
  readonly tracer: HandlerTracer | undefined
  readonly onProcessed: (processed: Result) => void
}

/** Handlers at work on what a session brings: one message each, or batches. */
export const createRunWork = ({ shared, settings, tracer, onProcessed }: RunWorkOptions) => {
  const { runtime, report } = shared
  const { scheduler, asap } = runtime
  const { group, ordering } = settings

  const contextOf = ({ timeoutMs, policy }: Common, ending: Ending): WorkContext => ({
    timeoutMs,
    policy,
    maxAttempts: settings.maxAttempts,
    onDecodeError: settings.onDecodeError,
    onFailure: (where, error, { queue, offset }) =>
      report({ type: 'consumer-failure', group, where, error, queue, offset: offset.toString() }),
    onProcessed,
    onCut: ending.onCut,
    onStop: ending.fail,
    scheduler,
  })
  /** How many at once, as it changes. What is no such number is told, and the last good one stays. */
  const concurrencyOf = ({ concurrency, concurrency$ }: Common) => {
    let now = concurrency
    const tell = (error: unknown): void => report({ type: 'consumer-failure', group, where: 'concurrency', error })
    const take = (value: unknown): void => {
      try {
        now = checkedConcurrency(value)
      } catch (error) {
        tell(error)
      }
    }
    const changes$ = concurrency$?.pipe(
      tap(take),
      catchError((error: unknown) => {
        tell(error)
        return EMPTY
      }),
    )
    return { now: () => now, changes$ }
  }

  /** Where order is kept, what failed is tried again in place; elsewhere each attempt is the last one here. */
  const wayOf = <R>(
    attempt: (open: readonly QueueDelivery[]) => ObservableInput<R>,
    released: (delivery: QueueDelivery) => R,
    options: Common,
    { until$ }: Ending,
  ) => {
    const { now, changes$ } = concurrencyOf(options)
    if (ordering === 'none') return { run: attempt, handlers: now, concurrency: now, recheck$: changes$, until$ }
    const permits = createPermits(now)
    const place = { permits, suspendMs: options.suspendMs, stopping$: until$, scheduler }
    return {
      run: (open: readonly QueueDelivery[]) => inPlace(open, attempt, released, place),
      handlers: now,
      concurrency: () => Infinity, // of lanes: what limits the handlers are the permits
      recheck$: changes$?.pipe(tap(permits.recheck)),
      until$: until$.pipe(tap(permits.close)),
    }
  }
  const released = (delivery: QueueDelivery): Result => ({ delivery, settlement: 'released', elapsedMs: 0 })
  const putBack = (delivery: QueueDelivery): void => delivery.release()

  const processed$ = (
    session: GroupSession,
    ending: Ending,
    handler: Handler,
    options: Resolved,
  ): Observable<Result> => {
    const attempt = createWork(tracedHandler(handler, tracer), contextOf(options, ending))
    const { run, handlers, ...way } = wayOf(
      ([delivery]) => attempt(delivery as QueueDelivery),
      released,
      options,
      ending,
    )
    session.handles({ handler, concurrency: handlers })
    const work = ordering === 'none' ? attempt : (delivery: QueueDelivery) => run([delivery])
    const keyBy = options.keyBy === undefined ? {} : { keyBy: laneOf(options.keyBy) }
    return deliveries$(session).pipe(
      workUntil(work, { ...way, ...keyBy, putBack, deadlineMs: ending.deadlineMs, scheduler }),
    )
  }

  const processedInBatches$ = (
    session: GroupSession,
    ending: Ending,
    handler: BatchHandler,
    options: ResolvedBatch,
  ): Observable<Result> => {
    const { perQueue, maxCount, maxBytes, lingerMs } = options
    const attempt = createBatchWork(tracedBatchHandler(handler, tracer), contextOf(options, ending))
    const way = wayOf(attempt, delivery => [released(delivery)], options, ending)
    const { run, handlers, concurrency, recheck$, until$ } = way
    session.handles({ handler: delivery => handler([delivery]), concurrency: handlers })
    const batching = batchBy<QueueDelivery, Result>(
      batch => from(run(batch)).pipe(reduce(noted, new Map()), map(told(batch))),
      {
        bytesOf: ({ bytes }) => bytes,
        laneOf: ({ queue }) => (perQueue ? queueKey(queue) : ALL),
        keyOf: ({ queue }) => (perQueue ? queueKey(queue) : undefined),
        maxCount,
        maxBytes,
        lingerMs,
        patient: lingerMs > 0,
        concurrency,
        scheduler,
        asap,
      },
    )
    const stop = (): void => batching.stop(delivery => (putBack(delivery), released(delivery)))
    return deliveries$(session).pipe(
      workUntil(batching.join$, {
        concurrency: Infinity, // of members: batches are limited by the batching
        recheck$: recheck$?.pipe(tap(batching.recheck)),
        until$: until$.pipe(tap(stop)),
        putBack,
        deadlineMs: ending.deadlineMs,
        scheduler,
      }),
    )
  }
  return { processed$, processedInBatches$ }
}

const ALL = 'all'

/** What cannot be read has no key: it goes alone, to where its own policy decides. */
const laneOf =
  (keyBy: (delivery: QueueDelivery) => unknown) =>
  (delivery: QueueDelivery): unknown => {
    try {
      return keyBy(delivery)
    } catch (error) {
      if (isReadable(delivery)) throw error
      return delivery
    }
  }

type Outcomes = Map<QueueDelivery, Result>
const noted = (outcomes: Outcomes, results: readonly Result[]): Outcomes => {
  for (const result of results) outcomes.set(result.delivery, result)
  return outcomes
}
/** One result for each of a batch, in its order. What is missing was taken away. */
const told =
  (batch: readonly QueueDelivery[]) =>
  (outcomes: Outcomes): readonly Result[] =>
    batch.map(delivery => outcomes.get(delivery) ?? { delivery, settlement: 'released', elapsedMs: 0 })
