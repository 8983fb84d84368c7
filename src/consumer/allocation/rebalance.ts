import { catchError, defer, forkJoin, map, merge, of, scan, Subject, switchMap, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { queueKey } from '../../messages/offsets.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { exhaustMapTrailing } from '../../operators/exhaust-map-trailing.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { sortedMembers, type Allocate } from './allocate.ts'

/** The queues this member should hold, by key. */
export type Assignment = ReadonlyMap<string, MessageQueue>

export interface RebalanceOptions {
  /** What is known of each topic now. */
  readonly routes: () => readonly RouteState[]
  /** What of a topic that has queues is this member's; undefined: as it was. */
  readonly share$: (route: RouteState) => Observable<readonly MessageQueue[] | undefined>
  /** Rebalance now: members or routes changed. */
  readonly nudge$: Observable<unknown>
  readonly onFailure: (error: unknown) => void
  readonly periodMs: number
  /** After a round that could not decide every topic. Default 1,000 ms, as Java. */
  readonly retryMs?: number
  readonly scheduler: SchedulerLike
}

interface Decision {
  readonly topic: string
  /** undefined: could not be decided, keep what is held. */
  readonly queues: readonly MessageQueue[] | undefined
}

/**
 * What to hold, round after round: at once, every period, when nudged, and soon after a round that failed in part. Every
 * member computes the same from the same members and queues; where they cannot be known, what is held stays.
 */
export const assignments$ = (options: RebalanceOptions): Observable<Assignment> =>
  defer(() => {
    const { routes, nudge$, periodMs, retryMs = 1_000, scheduler } = options
    const failures = new Subject<void>() // leads back from a round to its trigger
    const again$ = failures.pipe(switchMap(() => timer(retryMs, scheduler)))
    return merge(timer(0, periodMs, scheduler), nudge$, again$).pipe(
      exhaustMapTrailing(() => decisions$(routes(), options)),
      map(decisions => {
        if (decisions.some(({ queues }) => queues === undefined)) failures.next()
        return decisions
      }),
      scan(nextAssignment, new Map() as Assignment),
    )
  })

/** Pure. What was decided replaces what is held of its topic; topics that are gone are given up. */
export const nextAssignment = (held: Assignment, decisions: readonly Decision[]): Assignment =>
  new Map(
    decisions
      .flatMap(({ topic, queues }) => queues ?? [...held.values()].filter(queue => queue.topic === topic))
      .map(queue => [queueKey(queue), queue]),
  )

const decisions$ = (routes: readonly RouteState[], options: RebalanceOptions): Observable<readonly Decision[]> =>
  routes.length === 0 ? of([]) : forkJoin(routes.map(route => decision$(route, options)))

const decision$ = (route: RouteState, { share$, onFailure }: RebalanceOptions): Observable<Decision> => {
  const { topic, subscribeQueues } = route
  if (route.route === undefined) return of({ topic, queues: route.status === 'missing' ? [] : undefined })
  if (subscribeQueues.length === 0) return of({ topic, queues: [] })
  return share$(route).pipe(
    map(queues => ({ topic, queues })),
    catchError((error: unknown) => {
      onFailure(error)
      return of({ topic, queues: undefined })
    }),
  )
}

export interface AmongMembersOptions {
  readonly self: string
  /** The ids of the group's members, from a broker of this topic that knows us. */
  readonly members$: (route: RouteState) => Observable<readonly string[]>
  readonly allocate: Allocate
}

/** Every member computes its share for itself, from the same members and queues. */
export const amongMembers =
  ({ self, members$, allocate }: AmongMembersOptions): RebalanceOptions['share$'] =>
  route =>
    members$(route).pipe(
      map(ids => {
        const members = sortedMembers(ids)
        if (!members.includes(self)) throw new Error(`this member (${self}) is not in the list of its group yet`)
        return allocate(route.subscribeQueues, members, self)
      }),
    )
