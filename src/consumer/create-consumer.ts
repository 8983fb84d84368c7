import { defer, EMPTY, firstValueFrom, from, map, merge, NEVER, takeUntil, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { optionsOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedMs } from '../client/checks.ts'
import type { SharedClient } from '../client/shared-client.ts'
import type { TraceSettings } from '../client/trace-options.ts'
import { neverSync } from '../operators/never-sync.ts'
import type { Consumer } from './consumer.ts'
import type { Delivery, QueueDelivery } from './queues/delivery.ts'
import { createExplain } from './group/explain.ts'
import { createFetch } from './pull/fetch.ts'
import { iterate } from './handling/iterate.ts'
import type { HandlerTracer } from './handling/handler-tracer.ts'
import { createMember } from './group/member.ts'
import { resolveConsumerOptions } from './options.ts'
import type { ConsumerOptions, ConsumerSettings } from './options.ts'
import { checkHandler, resolveProcessBatchOptions, resolveProcessOptions } from './handling/process-options.ts'
import type { Processed } from './queues/handler.ts'
import { queueStream$ } from './handling/queue-stream.ts'
import type { QueueStream } from './handling/queue-stream.ts'
import { resolveReceiveOptions } from './handling/receive-options.ts'
import type { ReceiveOptions } from './handling/receive-options.ts'
import { createResolved } from './handling/resolved.ts'
import { createRunWork } from './handling/run-work.ts'
import { deliveries$ } from './group/session-deliveries.ts'
import { isOpen } from './handling/settling.ts'

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
  const { runtime, timing, report, life, closing$ } = shared
  const { scheduler, asap } = runtime
  const settings = resolveConsumerOptions(options, timing.commitMs)
  const { group } = settings
  const companion = settings.trace === undefined ? ALONE : traced(settings.trace, settings)
  const { runs, meter, doors } = createMember(shared, settings, { farewell$: leftMs => companion.farewell$(leftMs) })
  const counted = ({ delivery, settlement, error, elapsedMs }: Processed): void => {
    const failed = error !== undefined || settlement === 'retry-scheduled' || settlement === 'dead-lettered'
    if (settlement !== 'released') meter.of(delivery.queue.topic).consumed(failed ? 0 : 1, failed ? 1 : 0, elapsedMs)
  }
  const work = createRunWork({ shared, settings, tracer: companion.tracer, onProcessed: counted })

  const resolved$ = createResolved(asap)

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
  const begun = (delivery: QueueDelivery): void => {
    delivery.startedAt = scheduler.now()
  }
  const unbegun$ = (until: ReceiveOptions['until']): Observable<QueueDelivery> =>
    runs.run$(until, (session, { until$ }) => deliveries$(session).pipe(takeUntil(until$)))
  const messages$ = (given?: ReceiveOptions): Observable<QueueDelivery> =>
    resolved$(
      () => resolveReceiveOptions(given),
      ({ until }) => unbegun$(until).pipe(tap(begun)),
    )
  const messages = (given?: ReceiveOptions): AsyncIterableIterator<QueueDelivery, undefined> => {
    const { until } = resolveReceiveOptions(given)
    const until$ = until === undefined ? NEVER : from(until)
    return iterate(
      leave$ => unbegun$(merge(until$, leave$)),
      delivery => {
        if (isOpen(delivery)) begun(delivery)
        return isOpen(delivery)
      },
    )
  }
  const queues$ = (given?: ReceiveOptions): Observable<QueueStream<QueueDelivery>> =>
    resolved$(
      () => resolveReceiveOptions(given),
      ({ until }) =>
        runs.run$(until, (session, { until$ }) =>
          session
            .run$((queue, pages$, revoked$) =>
              queueStream$(queue, {
                pages$: pages$.pipe(tap(page => page.forEach(begun))),
                revoked$,
                rest$: () => session.held.get(queue)?.rest$(revoked$) ?? EMPTY,
                onUnheard: error => report({ type: 'consumer-failure', group, where: 'stall', error, queue }),
                scheduler,
              }),
            )
            .pipe(takeUntil(until$)),
        ),
    )

  const drain$: Consumer['drain$'] = given =>
    defer(() => {
      const options = optionsOf('options', given)
      checkNames('drain', options, { timeoutMs: 0 })
      return runs.drain$(checkedMs('timeoutMs', options.timeoutMs, timing.drainMs, 0))
    }).pipe(neverSync(asap), life.held())

  const consumer: Consumer = {
    ...doors,
    group,
    process$,
    processBatch$,
    messages$,
    messages,
    ...createFetch(runs, resolved$, shared, group),
    queues$,
    stats: () => meter.read(),
    stats$: (everyMs = 1_000) =>
      timer(0, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(
        map(() => meter.read()),
        takeUntil(closing$),
      ),
    resetStats: () => meter.reset(),
    explain: createExplain(settings, runs.session),
    drain$,
    drain: given => firstValueFrom(drain$(given)),
  }
  return consumer as Consumer<D>
}
