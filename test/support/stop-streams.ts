/** The ways to consume, each as one stream of what was handled. */
import { map, mergeMap, of, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Consumer, Delivery } from '../../src/index.ts'
import type { Chance } from './seeded.ts'
import type { Life, StopRecord } from './stop-record.ts'

export const MODES = ['concurrent', 'orderly', 'batches', 'orderly batches', 'messages$', 'queues$'] as const
export type Mode = (typeof MODES)[number]
export const isInOrder = (mode: Mode): boolean => mode.startsWith('orderly')

type Numbers = Delivery<string, number>

interface Watched {
  readonly record: StopRecord
  readonly life: Life
  readonly chance: Chance
}

/** Handles every message in its own time, and writes down what happens to it. */
export const handling$ = (
  mode: Mode,
  consumer: Consumer<Numbers>,
  { record, life, chance }: Watched,
  until: Observable<unknown> | undefined,
): Observable<unknown> => {
  const options = until === undefined ? {} : { until }
  const workFor = (): Observable<unknown> | undefined => {
    const ms = chance.between(-2, 6)
    return ms < 0 ? undefined : timer(ms)
  }
  const begin = (delivery: Numbers, batch: object = delivery): void => {
    const { queue, message } = delivery
    const work = record.begun(life, queue.queueId, message.queueOffset.toNumber(), message.body, batch)
    // whoever is unsubscribed hears no results, but what was settled is settled
    delivery.settled$.subscribe(settlement => (settlement === 'acked' ? record.done(work) : record.over(work)))
  }
  const handler = (delivery: Numbers): Observable<unknown> | undefined => {
    begin(delivery)
    return workFor()
  }
  const taken$ = (delivery: Numbers): Observable<unknown> => {
    begin(delivery)
    return (workFor() ?? of(0)).pipe(tap(() => delivery.ack()))
  }

  switch (mode) {
    case 'concurrent':
    case 'orderly':
      return consumer.process$(handler, { ...options, concurrency: chance.between(1, 8) })
    case 'batches':
    case 'orderly batches': {
      const batch = {
        maxCount: chance.between(1, 8),
        lingerMs: chance.between(0, 3),
        concurrency: chance.between(1, 4),
      }
      const handlerOfAll = (deliveries: readonly Numbers[]): Observable<unknown> | undefined => {
        for (const delivery of deliveries) begin(delivery, deliveries)
        return workFor()
      }
      return consumer.processBatch$(handlerOfAll, { ...options, ...batch })
    }
    case 'messages$':
      return consumer.messages$(options).pipe(mergeMap(taken$))
    case 'queues$':
      return consumer.queues$(options).pipe(
        mergeMap(({ messages$ }) =>
          messages$.pipe(
            mergeMap(taken$),
            map(() => 1),
          ),
        ),
      )
  }
}
