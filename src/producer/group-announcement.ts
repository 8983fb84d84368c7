import { combineLatest, defer, EMPTY, filter, forkJoin, map, of, ReplaySubject } from 'rxjs'
import { switchMap, take, throwError, timeout } from 'rxjs'
import type { Observable, Subscription } from 'rxjs'
import type { Announced } from '../client/heartbeat.ts'
import { leaveProducerGroup$ } from '../client/leave-group.ts'
import type { SharedClient } from '../client/shared-client.ts'
import { operationTimeout } from '../errors.ts'
import { distinctSets } from '../operators/distinct-sets.ts'
import { refreshed$ } from '../operators/refreshed.ts'
import { masterAddresses } from '../protocol/bodies/routes.ts'

export interface GroupAnnouncement {
  /** From the first call on brokers know the group, also those that come later. */
  join(): void
  /** One value when all brokers that are known now have confirmed; an error when they do not in time. */
  readonly known$: Observable<void>
  /** Brokers need not ask here any more. They are told, unless a producer of the group goes on. Completes within `leftMs`. */
  leave$(leftMs: number): Observable<never>
}

/** Brokers ask the members of a producer group that they know by heartbeats, also when these have not sent anything yet. */
export const createGroupAnnouncement = (
  shared: SharedClient,
  producerGroup: string,
  topics: readonly string[] | undefined,
): GroupAnnouncement => {
  const { heartbeats, nameServer, timing, runtime } = shared
  const told = new ReplaySubject<ReadonlySet<string>>(1)
  const announced = new ReplaySubject<Announced>(1)
  let membership: Subscription | undefined

  const endpoints$ = (topics === undefined ? allMasters$(shared) : mastersOf$(shared, topics)).pipe(
    filter(({ size }) => size > 0),
    distinctSets(),
  )

  const join = (): void => {
    if (membership !== undefined) return
    membership = endpoints$.subscribe({
      next: found => told.next(found),
      error: () => undefined, // neither route streams nor refreshed ones error
    })
    membership.add(
      heartbeats
        .announce$({ producerGroup, endpoints$: told })
        .subscribe({ next: one => announced.next(one), error: () => undefined }),
    )
  }

  return {
    join,
    known$: defer(() => nameServer.clusterInfo$()).pipe(
      switchMap(() => announced), // why no name server answers is a better error than that it took too long
      take(1),
      switchMap(({ known$ }) =>
        told.pipe(
          take(1),
          switchMap(found => forkJoin([...found].map(known$))),
        ),
      ),
      map(() => undefined),
      timeout({
        first: timing.connectTimeoutMs,
        scheduler: runtime.scheduler,
        with: () =>
          throwError(() => operationTimeout(`announcing producer group "${producerGroup}"`, timing.connectTimeoutMs)),
      }),
    ),
    leave$: leftMs =>
      defer(() => {
        told.complete()
        if (membership === undefined) return EMPTY
        membership.unsubscribe() // no later heartbeat names the group
        return leaveProducerGroup$(shared, producerGroup, leftMs)
      }),
  }
}

const allMasters$ = ({ nameServer, timing, runtime }: SharedClient): Observable<ReadonlySet<string>> =>
  refreshed$(() => nameServer.clusterInfo$(), {
    periodMs: timing.routeRefreshMs,
    retryMs: timing.routeRetryMs,
    scheduler: runtime.scheduler,
  }).pipe(
    switchMap(refresh => (refresh.ok ? of(refresh.value) : EMPTY)), // the name servers' failures are events of theirs
    map(({ brokers }) => new Set([...brokers.values()].flatMap(({ brokerAddrs }) => brokerAddrs.get(0) ?? []))),
  )

const mastersOf$ = ({ routes }: SharedClient, topics: readonly string[]): Observable<ReadonlySet<string>> =>
  combineLatest(topics.map(topic => routes.routes$(topic))).pipe(
    map(states => masterAddresses(states.flatMap(({ route }) => route ?? []))),
  )
