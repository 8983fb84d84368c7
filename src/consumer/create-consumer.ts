import { BehaviorSubject, concat, concatMap, defer, EMPTY, filter, firstValueFrom, map, mergeMap, of } from 'rxjs'
import { takeUntil, tap, throwError, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { optionsOf } from '../client/check-kinds.ts'
import { checkedMs } from '../client/checks.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import type { TraceSettings } from '../client/trace-options.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { neverSync } from '../operators/never-sync.ts'
import type { Assignments, Consumer, ConsumerFailure } from './consumer.ts'
import { createConsumeMeter } from './consume-stats.ts'
import { createControls } from './controls.ts'
import type { Delivery, QueueDelivery } from './delivery.ts'
import { createExplain } from './explain.ts'
import type { HandlerTracer } from './handler-tracer.ts'
import { resolveConsumerOptions } from './options.ts'
import type { ConsumerOptions, ConsumerSettings } from './options.ts'
import { createPauses } from './pauses.ts'
import { checkHandler, resolveProcessBatchOptions, resolveProcessOptions } from './process-options.ts'
import type { Processed } from './process.ts'
import { queueStream$ } from './queue-stream.ts'
import type { QueueStream } from './queue-stream.ts'
import { resolveReceiveOptions } from './receive-options.ts'
import type { ReceiveOptions } from './receive-options.ts'
import { createRunWork } from './run-work.ts'
import { createSessionRuns } from './session-run.ts'
import { createSubscriptionSet } from './subscription-set.ts'

/** The queues of one list that are not in the other. */
const without = (queues: readonly QueueRef[], others: readonly QueueRef[]): readonly QueueRef[] => {
  const keys = new Set(others.map(queueKey))
  return queues.filter(queue => !keys.has(queueKey(queue)))
}

const NOTHING_HELD: Assignments = { current: [], added: [], removed: [] }

/** What lives and ends with a consumer: the message trace. */
interface Companion {
  readonly tracer: HandlerTracer | undefined
  /** When the last handler has ended. Completes within `leftMs`. */
  farewell$(leftMs: number): Observable<never>
}
const ALONE: Companion = { tracer: undefined, farewell$: () => EMPTY }

export const createConsumer = <D extends Delivery>(
  shared: SharedClient,
  options: ConsumerOptions,
  traced: (trace: TraceSettings, settings: ConsumerSettings) => Companion = () => ALONE,
): Consumer<D> => {
  const { runtime, timing, report, life, events$, closing$ } = shared
  const { scheduler, asap } = runtime
  const settings = resolveConsumerOptions(options, timing.commitMs)
  const { group } = settings
  const companion = settings.trace === undefined ? ALONE : traced(settings.trace, settings)
  const assignments = new BehaviorSubject<Assignments>(NOTHING_HELD)
  let assigned: Assignments = NOTHING_HELD

  const assign = (current: readonly QueueRef[]): void => {
    const added = without(current, assigned.current)
    const removed = without(assigned.current, current)
    if (added.length + removed.length === 0) return
    assigned = { current, added, removed }
    assignments.next(assigned)
    report({ type: 'assignment-changed', group, added: added.length, removed: removed.length, current: current.length })
  }
  const pauses = createPauses()
  const subscriptions = createSubscriptionSet(settings.subscriptions, () => scheduler.now(), closing$)
  const meter = createConsumeMeter(() => scheduler.now())
  const runs = createSessionRuns(shared, settings, {
    onAssignment: assignment => assign([...assignment.values()]),
    isPaused: pauses.isPaused,
    meter,
    subscriptions,
  })
  const counted = ({ delivery, settlement, error, elapsedMs }: Processed): void => {
    const failed = error !== undefined || settlement === 'retry-scheduled' || settlement === 'dead-lettered'
    if (settlement !== 'released') meter.of(delivery.queue.topic).consumed(failed ? 0 : 1, failed ? 1 : 0, elapsedMs)
  }
  const work = createRunWork({ shared, settings, tracer: companion.tracer, onProcessed: counted })

  /** What is wrong with options is told as everything is: as an error, and not inside of subscribe. */
  const resolved$ = <R, T>(resolve: () => R, run$: (resolved: R) => Observable<T>): Observable<T> =>
    defer(() => {
      try {
        return run$(resolve())
      } catch (error) {
        return throwError(() => error).pipe(neverSync(asap))
      }
    })

  const process$: Consumer['process$'] = (handler, given) =>
    resolved$(
      () => {
        checkHandler(handler)
        return resolveProcessOptions(given, settings)
      },
      resolved => runs.run$(resolved.until, (session, ending) => work.processed$(session, ending, handler, resolved)),
    )
  const processBatch$: Consumer['processBatch$'] = (handler, given) =>
    resolved$(
      () => {
        checkHandler(handler)
        return resolveProcessBatchOptions(given, settings)
      },
      resolved =>
        runs.run$(resolved.until, (session, ending) => work.processedInBatches$(session, ending, handler, resolved)),
    )
  const messages$ = (given?: ReceiveOptions): Observable<QueueDelivery> =>
    resolved$(
      () => resolveReceiveOptions(given),
      ({ until }) =>
        runs.run$(until, (session, { until$ }) =>
          session
            .run$((_, pages$) => pages$)
            .pipe(
              mergeMap(page => page),
              tap(delivery => (delivery.startedAt = scheduler.now())),
              takeUntil(until$),
            ),
        ),
    )
  const queues$ = (given?: ReceiveOptions): Observable<QueueStream<QueueDelivery>> =>
    resolved$(
      () => resolveReceiveOptions(given),
      ({ until }) =>
        runs.run$(until, (session, { until$ }) =>
          session
            .run$((queue, pages$, revoked$) =>
              queueStream$(queue, {
                pages$: pages$.pipe(tap(page => page.forEach(delivery => (delivery.startedAt = scheduler.now())))),
                revoked$,
                rest$: () => session.held.get(queue)?.rest$(revoked$) ?? EMPTY,
                onUnheard: error => report({ type: 'consumer-failure', group, where: 'stall', error, queue }),
                scheduler,
              }),
            )
            .pipe(takeUntil(until$)),
        ),
    )

  const close$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      delist()
      const dueAt = scheduler.now() + drainMs
      const farewell$ = defer(() => companion.farewell$(Math.max(0, dueAt - scheduler.now())))
      return runs.close$(drainMs).pipe(concatMap(report => concat(farewell$, of(report))))
    }).pipe(tap(() => assignments.complete()))
  const delist = shared.enlist({ kind: 'consumer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Consumer['close'] = given => {
    const drainMs = checkedMs('drainMs', optionsOf('options', given).drainMs, timing.drainMs, 0)
    closing ??= firstValueFrom(close$(drainMs).pipe(life.held()))
    return closing
  }

  const consumer: Consumer = {
    group,
    process$,
    processBatch$,
    messages$,
    queues$,
    assignments$: assignments.asObservable(),
    failures$: events$.pipe(
      filter((event): event is ConsumerFailure => event.type === 'consumer-failure' && event.group === group),
    ),
    lag$: (everyMs = 1_000) =>
      timer(0, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(
        map(() => runs.session()?.held.progress() ?? []),
        takeUntil(closing$),
      ),
    subscriptions,
    offsetMetrics: () => runs.session()?.offsetMetrics(),
    stats: () => meter.read(),
    stats$: (everyMs = 1_000) =>
      timer(0, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(
        map(() => meter.read()),
        takeUntil(closing$),
      ),
    resetStats: () => meter.reset(),
    explain: createExplain(settings, runs.session),
    ...createControls(shared, runs.session, pauses),
    drain$: given =>
      defer(() => {
        const { timeoutMs } = optionsOf('options', given)
        return runs.drain$(checkedMs('timeoutMs', timeoutMs, timing.drainMs, 0))
      }).pipe(neverSync(asap), life.held()),
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
  return consumer as Consumer<D>
}
