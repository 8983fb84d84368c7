import { combineLatest, filter, map, of, switchMap, take, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { notConnected } from '../../errors.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { distinctSets } from '../../operators/distinct-sets.ts'
import { replicaAddresses } from '../../protocol/bodies/routes.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'

/** The routes of all topics of a group, as soon as each was answered once. */
export const groupRoutes$ = (
  topics: readonly string[],
  routes$: (topic: string) => Observable<RouteState>,
): Observable<readonly RouteState[]> =>
  topics.length === 0 ? of([]) : combineLatest(topics.map(topic => routes$(topic)))

/** Fails when no name server could be asked at the start; a topic that does not exist yet is waited for. */
export const startable$ = (routes$: Observable<readonly RouteState[]>): Observable<readonly RouteState[]> =>
  routes$.pipe(
    take(1),
    switchMap(states => {
      const unasked = states.find(({ status }) => status === 'unknown')
      return unasked === undefined ? of(states) : throwError(() => unasked.error ?? notConnected('the name servers'))
    }),
  )

/** All addresses of the brokers that hold these topics: a consumer must be known to masters and slaves. */
export const endpointsOf = (states: readonly RouteState[]): ReadonlySet<string> =>
  replicaAddresses(states.flatMap(({ route }) => route ?? []))

export const distinctEndpoints$ = (routes$: Observable<readonly RouteState[]>): Observable<ReadonlySet<string>> =>
  routes$.pipe(
    map(endpointsOf),
    filter(endpoints => endpoints.size > 0),
    distinctSets(),
  )

const addressesOf = (states: readonly RouteState[], queue: MessageQueue): ReadonlyMap<number, string> | undefined => {
  const route = states.find(({ topic }) => topic === queue.topic)?.route
  return route?.brokerDatas.find(({ brokerName }) => brokerName === queue.brokerName)?.brokerAddrs
}

/** Where a queue is locked. */
export const masterOf = (states: readonly RouteState[], queue: MessageQueue): string | undefined =>
  addressesOf(states, queue)?.get(0)

/** The address to ask about a queue: the broker id that was suggested, else the master, else any replica. */
export const addressOf = (states: readonly RouteState[], queue: MessageQueue, suggestedId = 0): string | undefined => {
  const addresses = addressesOf(states, queue)
  return addresses?.get(suggestedId) ?? addresses?.get(0) ?? addresses?.values().next().value
}
