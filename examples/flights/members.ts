import { combineLatest, filter, map, take, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Client, Consumer } from 'rocketmq-rxjs'

/** How many queues of the topic each consumer holds. Emits once: when each holds some, and together they hold all. */
export const allQueuesHeld$ = (
  topic: string,
  client: Pick<Client, 'routes$'>,
  consumers: readonly Pick<Consumer, 'assignments$'>[],
): Observable<readonly number[]> => {
  const held$ = consumers.map(({ assignments$ }) =>
    assignments$.pipe(map(({ current }) => current.filter(queue => queue.topic === topic).length)),
  )
  return combineLatest([client.routes$(topic), ...held$]).pipe(
    filter(([{ subscribeQueues }, ...held]) => held.every(count => count > 0) && sum(held) === subscribeQueues.length),
    map(([, ...held]) => held),
    take(1),
    timeout({ first: PATIENCE_MS, with: () => throwError(() => new Error(`not every member got queues of ${topic}`)) }),
  )
}

const PATIENCE_MS = 20_000

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
