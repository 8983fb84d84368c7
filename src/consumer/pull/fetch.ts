import { firstValueFrom, merge, ReplaySubject, take, takeUntil, tap, timer, toArray } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import type { QueueDelivery } from '../queues/delivery.ts'
import { resolveFetchOptions } from './fetch-options.ts'
import type { FetchDoor } from './fetch-options.ts'
import type { Resolved } from '../handling/resolved.ts'
import { deliveries$ } from '../group/session-deliveries.ts'
import type { SessionRuns } from '../group/session-run.ts'

export const createFetch = (
  runs: Pick<SessionRuns, 'run$'>,
  resolved$: Resolved,
  { runtime, report }: Pick<SharedClient, 'runtime' | 'report'>,
  group: string,
): FetchDoor<QueueDelivery> => {
  const { scheduler } = runtime
  const fetch$: FetchDoor<QueueDelivery>['fetch$'] = given =>
    resolved$(
      () => resolveFetchOptions(given),
      ({ max, waitMs }) =>
        runs.run$(undefined, (session, { until$ }) =>
          deliveries$(session).pipe(
            tap(delivery => (delivery.startedAt = scheduler.now())),
            take(max),
            takeUntil(merge(until$, timer(waitMs, scheduler))),
            toArray(),
          ),
        ),
    )
  const fetch: FetchDoor<QueueDelivery>['fetch'] = given => {
    const lists = new ReplaySubject<readonly QueueDelivery[]>(1)
    let isOut = false
    // stays subscribed when the list is there: it is to be settled yet
    fetch$(given).subscribe({
      next: deliveries => {
        isOut = true
        lists.next(deliveries)
      },
      error: (error: unknown) => {
        if (isOut) report({ type: 'consumer-failure', group, where: 'leave', error })
        else lists.error(error)
      },
    })
    return firstValueFrom(lists)
  }
  return { fetch$, fetch }
}
