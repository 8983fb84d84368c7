import { concat, defer, distinctUntilChanged, EMPTY, filter, map, merge, skip, Subject, Subscription } from 'rxjs'
import { switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Announced } from '../../client/heartbeat.ts'
import type { SharedClient } from '../../client/shared-client.ts'
import { stalled } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { exhaustMapTrailing } from '../../operators/exhaust-map-trailing.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { retryTopicOf } from '../../protocol/names.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { groupConflicts$ } from '../subscriptions/group-conflicts.ts'
import { distinctEndpoints$, groupRoutes$ } from '../subscriptions/group-routes.ts'
import type { HeldQueues } from '../queues/held-queues.ts'
import type { ConsumerSettings } from '../options.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import { waitingWords } from '../queues/waiting-words.ts'

/** What keeps a member one: its heartbeats, its view of routes, and what it does every so often. */
export interface GroupUpkeep {
  /** Begins. */
  open(): void
  /** No later heartbeat names the group. */
  close(): void
  /** What is known of each topic now. */
  routes(): readonly RouteState[]
  /** The same, and of topics that are subscribed to no more, while queues of them wind up. */
  addresses(): readonly RouteState[]
  readonly routes$: Observable<readonly RouteState[]>
  /** Emits when queues should be shared out anew. */
  readonly rebalances$: Observable<void>
  rebalance(): void
  /** Tells brokers how far it came, not only at the next tick. */
  commitNow(): void
  /** Emits when the broker knows us as a member. */
  known$(endpoint: string): Observable<unknown>
  /** A broker does not know us, or not our latest subscriptions: tell it. */
  announceAgain(): void
}

/** A new retry topic is routed a moment after the heartbeat that creates it: look again then, ms. */
const LOOK_AGAIN_MS = [0, 250, 1_000, 3_000]
/** Delay level of what was in hand for too long, as Java. */
const STALLED_LEVEL = 3

export const createGroupUpkeep = (
  shared: SharedClient,
  settings: ConsumerSettings,
  subscriptions: Subscriptions,
  changes$: Observable<unknown>,
  held: HeldQueues,
): GroupUpkeep => {
  const { runtime, routes, heartbeats, inbound, report } = shared
  const { scheduler } = runtime
  const { group, model, ordering, commitMs, settleTimeoutMs } = settings
  const upkeep = new Subscription()
  const rebalances = new Subject<void>()
  const commitsNow = new Subject<void>()
  const warned = new Set<string>()
  let states: readonly RouteState[] = []
  let parting: readonly RouteState[] = []
  let announced: Announced | undefined

  const allRoutes$ = changes$.pipe(
    map(() => subscriptions.topics),
    distinctUntilChanged((before, now) => before.join() === now.join()),
    switchMap(topics => groupRoutes$(topics, topic => routes.routes$(topic))),
  )
  const ignore = (): void => undefined // these streams report their failures and never error
  const known$ = (endpoint: string): Observable<unknown> => announced?.known$(endpoint) ?? EMPTY
  /** A broker knows us as a member, one after the other. */
  const joined$ = defer(() => distinctEndpoints$(allRoutes$)).pipe(
    switchMap(endpoints => merge(...[...endpoints].map(known$))),
  )

  const warnIfMissing = ({ topic, status }: RouteState): void => {
    if (status !== 'missing' || topic === retryTopicOf(group) || warned.has(topic)) return
    warned.add(topic)
    report({ type: 'topic-missing', topic, group })
  }
  const routed = (now: readonly RouteState[]): void => {
    const isParting = ({ topic }: RouteState): boolean =>
      !now.some(one => one.topic === topic) && held.all().some(({ queue }) => queue.topic === topic)
    parting = [...states, ...parting].filter(isParting)
    states = now
    now.forEach(warnIfMissing)
    rebalances.next()
  }
  /** The retry topic appears with the first heartbeat: its route is not awaited for a whole period. */
  const retryTopicFound$ = defer(() => {
    const retryTopic = retryTopicOf(group)
    const isFound = (now: readonly RouteState[]): boolean =>
      now.some(({ topic, route }) => topic === retryTopic && route !== undefined)
    return joined$.pipe(
      switchMap(() => concat(...LOOK_AGAIN_MS.map(ms => timer(ms, scheduler)))),
      tap(() => routes.refresh(retryTopic)),
      takeUntil(allRoutes$.pipe(filter(isFound))),
    )
  })
  /** What nobody settles holds up its queue: it is named, and where that can be, sent back. */
  const lookForStalled = (): void => {
    const now = scheduler.now()
    for (const queue of held.all()) {
      for (const delivery of queue.overdue(now - settleTimeoutMs)) {
        const offset = delivery.offset.toString()
        const error = stalled(group, queueKey(queue.queue), offset, waitingWords(delivery.waits, now))
        report({ type: 'consumer-failure', group, where: 'stall', error, queue: queue.queue, offset })
        if (ordering === 'none' && model === 'clustering') delivery.expire(error, STALLED_LEVEL)
      }
    }
  }

  const subscribedAnew = (): void => {
    announced?.changed()
    for (const queue of held.all()) queue.pullAgain()
  }

  const open = (): void => {
    upkeep.add(allRoutes$.subscribe({ next: routed, error: ignore }))
    const member = {
      consumer: () => subscriptions.data(),
      endpoints$: distinctEndpoints$(allRoutes$),
    }
    upkeep.add(heartbeats.announce$(member).subscribe({ next: known => (announced = known), error: ignore }))
    upkeep.add(changes$.pipe(skip(1)).subscribe({ next: subscribedAnew, error: ignore }))
    upkeep.add(
      inbound.on(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, frame => {
        const { consumerGroup } = readHeader(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.asks, frame.fields)
        if (consumerGroup === group) rebalances.next()
        return undefined
      }),
    )
    const commits$ = merge(timer(commitMs, commitMs, scheduler), commitsNow).pipe(
      exhaustMapTrailing(() => held.commit$()),
    )
    upkeep.add(commits$.subscribe({ error: ignore }))
    upkeep.add(timer(settleTimeoutMs, settleTimeoutMs, scheduler).subscribe({ next: lookForStalled, error: ignore }))
    if (subscriptions.topics.includes(retryTopicOf(group))) upkeep.add(retryTopicFound$.subscribe({ error: ignore }))
    const conflicts$ = groupConflicts$(shared, subscriptions, () => states, joined$.pipe(take(1)))
    upkeep.add(
      conflicts$.subscribe({
        next: conflicts => report({ type: 'subscription-conflict', group, conflicts }),
        error: ignore,
      }),
    )
  }

  return {
    open,
    close: () => upkeep.unsubscribe(),
    routes: () => states,
    addresses: () => [...states, ...parting],
    routes$: allRoutes$,
    rebalances$: rebalances.asObservable(),
    rebalance: () => rebalances.next(),
    commitNow: () => commitsNow.next(),
    known$,
    announceAgain: () => announced?.changed(),
  }
}
