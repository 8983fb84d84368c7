import type { Observable } from 'rxjs'
import { catchError, concat, defer, EMPTY, filter, ignoreElements, map, merge, mergeMap, of, Subject } from 'rxjs'
import { race, Subscription, switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { Announced } from '../client/heartbeat.ts'
import { NOTHING_LEFT } from '../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import { queueKey } from '../messages/offsets.ts'
import type { RouteState } from '../nameserver/route-state.ts'
import { boundedMap } from '../operators/bounded-map.ts'
import { exhaustMapTrailing } from '../operators/exhaust-map-trailing.ts'
import { runEach } from '../operators/run-each.ts'
import { readHeader } from '../protocol/fields.ts'
import { retryTopicOf, withNamespace, withoutNamespace } from '../protocol/names.ts'
import { REQUESTS } from '../protocol/requests.ts'
import type { MessageQueue } from '../protocol/routes.ts'
import { allocateAveragely } from './allocate.ts'
import { createBudget } from './budget.ts'
import { checkedByBroker$ } from './check-subscriptions.ts'
import type { QueueDelivery } from './delivery.ts'
import { createGroupBroker } from './group-broker.ts'
import { distinctEndpoints$, groupRoutes$, startable$ } from './group-routes.ts'
import { createHeldQueue } from './held-queue.ts'
import type { HeldQueue } from './held-queue.ts'
import type { QueueProgress } from './queue-progress.ts'
import type { ConsumerSettings } from './options.ts'
import { assignments$ } from './rebalance.ts'
import type { Assignment } from './rebalance.ts'
import { originalTopic, toInbound } from '../client/received.ts'
import { createSubscriptions } from './subscriptions.ts'

/** One membership of a group: from joining to leaving. */
export interface GroupSession {
  /** Joins and pulls. Unsubscribing stops pulling; what is in hand can still be settled until the farewell. */
  readonly deliveries$: Observable<QueueDelivery>
  /** Waits for settlements under way, commits, leaves. One report, which is `forced` when the time ran out. */
  farewell$(leftMs: number): Observable<CloseReport>
  /** Leaves now: what is in hand is let go. Completes when the brokers know, or cannot be told. */
  abandon$(): Observable<never>
  progress(): readonly QueueProgress[]
}

/** Commits to brokers at once; those of one broker follow each other. */
const COMMITS_AT_ONCE = 16
/** A new retry topic is routed a moment after the heartbeat that creates it: look again then, ms. */
const LOOK_AGAIN_MS = [0, 250, 1_000, 3_000]

export const createGroupSession = (
  shared: SharedClient,
  settings: ConsumerSettings,
  onAssignment: (assignment: Assignment) => void,
): GroupSession => {
  const { runtime, routes, heartbeats, inbound, report, timing, clientId, namespace } = shared
  const { scheduler, asap } = runtime
  const { group, flow } = settings
  const subscriptions = createSubscriptions(group, settings.subscriptions, scheduler.now())
  const total = createBudget({ messages: flow.unsettled, bytes: flow.unsettledBytes }, flow.pullBatch)
  const held = new Map<string, HeldQueue>()
  const upkeep = new Subscription()
  const membership = new Subscription()
  const rebalances = new Subject<void>()
  let states: readonly RouteState[] = []
  let announced: Announced | undefined

  const broker = createGroupBroker(shared, settings, subscriptions, {
    routes: () => states,
    known$: endpoint => announced?.known$(endpoint) ?? EMPTY,
    onUnknown: () => announced?.changed(),
  })

  // ---- joining, and staying a member

  const allRoutes$ = groupRoutes$(subscriptions.topics, topic => routes.routes$(topic))
  const ignore = (): void => undefined // these streams report their failures and never error

  const warned = new Set<string>()
  const warnIfMissing = ({ topic, status }: RouteState): void => {
    if (status !== 'missing' || topic === retryTopicOf(group) || warned.has(topic)) return
    warned.add(topic)
    report({ type: 'topic-missing', topic, group })
  }

  const open = (): void => {
    upkeep.add(
      allRoutes$.subscribe({
        next: now => {
          states = now
          now.forEach(warnIfMissing)
          rebalances.next()
        },
        error: ignore,
      }),
    )
    const member = {
      consumer: () => subscriptions.data(settings.startFrom),
      endpoints$: distinctEndpoints$(allRoutes$),
    }
    membership.add(heartbeats.announce$(member).subscribe({ next: known => (announced = known), error: ignore }))
    upkeep.add(
      inbound.on(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, frame => {
        const { consumerGroup } = readHeader(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.asks, frame.fields)
        if (consumerGroup === group) rebalances.next()
        return undefined
      }),
    )
    upkeep.add(
      timer(settings.commitMs, settings.commitMs, scheduler)
        .pipe(exhaustMapTrailing(() => commitAll$()))
        .subscribe({ error: ignore }),
    )
    upkeep.add(retryTopicFound$().subscribe({ error: ignore }))
  }

  /** The retry topic appears with the first heartbeat: its route is not awaited for a whole period. */
  const retryTopicFound$ = (): Observable<unknown> => {
    const retryTopic = retryTopicOf(group)
    const isFound = (now: readonly RouteState[]): boolean =>
      now.some(({ topic, route }) => topic === retryTopic && route !== undefined)
    return distinctEndpoints$(allRoutes$).pipe(
      switchMap(endpoints => merge(...[...endpoints].map(endpoint => announced?.known$(endpoint) ?? EMPTY))),
      switchMap(() => concat(...LOOK_AGAIN_MS.map(ms => timer(ms, scheduler)))),
      tap(() => routes.refresh(retryTopic)),
      takeUntil(allRoutes$.pipe(filter(isFound))),
    )
  }

  // ---- holding queues

  const hold = (queue: MessageQueue): HeldQueue =>
    createHeldQueue(queue, {
      ...broker,
      accepts: stored => subscriptions.accepts(queue.topic, stored),
      topicOf: stored => withoutNamespace(originalTopic(stored, withNamespace(group, namespace)), namespace),
      read: (stored, at, topic) => toInbound(stored, at, topic, subscriptions.codecOf(topic), settings.verifyBodyCrc),
      budget: total.queue({ messages: flow.unsettledPerQueue, bytes: flow.unsettledBytesPerQueue }),
      span: flow.span,
      report,
      group,
      drainMs: timing.drainMs,
      scheduler,
      asap,
    })
  const run$ = (queue: MessageQueue, revoked$: Observable<void>): Observable<readonly QueueDelivery[]> =>
    defer(() => {
      const mine = hold(queue)
      held.set(queueKey(queue), mine)
      const givenUp$ = defer(() => {
        held.delete(queueKey(queue))
        mine.close()
        return EMPTY
      })
      return concat(mine.run$(revoked$), givenUp$)
    })

  const joined$ = defer(() => {
    open()
    return startable$(allRoutes$).pipe(
      switchMap(() =>
        assignments$({
          self: clientId,
          routes: () => states,
          members$: broker.members$,
          allocate: allocateAveragely,
          nudge$: rebalances,
          onFailure: error => report({ type: 'consumer-failure', group, where: 'rebalance', error }),
          periodMs: timing.rebalanceMs,
          scheduler,
        }),
      ),
      tap(onAssignment),
      runEach(run$),
      mergeMap(deliveries => deliveries),
    )
  })

  const deliveries$ = concat(checkedByBroker$(shared, group, subscriptions, allRoutes$), joined$)

  // ---- committing and leaving

  const commitAll$ = (): Observable<unknown> =>
    defer(() => [...held.values()]).pipe(
      boundedMap(queue => queue.commit$().pipe(catchError(() => EMPTY)), {
        concurrency: COMMITS_AT_ONCE,
        keyBy: ({ queue }) => queue.brokerName, // one after the other: a broker may lose the first commits of a group that come at once
      }),
      ignoreElements(),
    )
  const unfinished = (): number => [...held.values()].reduce((sum, queue) => sum + queue.settling(), 0)
  const uncommitted = (): number =>
    [...held.values()]
      .map(queue => queue.progress())
      .filter(at => at !== undefined && at.committed?.equals(at.commitPoint) !== true).length

  const settled$ = (): Observable<unknown> =>
    merge(of(undefined), ...[...held.values()].map(queue => queue.settlements$)).pipe(filter(() => unfinished() === 0))
  const leave$ = (): Observable<never> =>
    defer(() => {
      upkeep.unsubscribe()
      membership.unsubscribe() // no later heartbeat names the group
      return broker.leave$()
    })
  const close = (): void => {
    for (const queue of held.values()) queue.close()
    held.clear()
  }

  return {
    deliveries$,
    farewell$: leftMs =>
      concat(
        defer(() => {
          for (const queue of held.values()) queue.releaseRest() // a page may have been cut short by the stop
          return race(settled$(), timer(leftMs, scheduler))
        }).pipe(take(1), ignoreElements()),
        commitAll$(),
        defer(() => {
          const report: CloseReport = {
            ...NOTHING_LEFT,
            forced: unfinished() > 0,
            unsettled: unfinished(),
            uncommitted: uncommitted(),
          }
          close()
          return concat(leave$(), of(report))
        }),
      ).pipe(map(value => value as CloseReport)),
    abandon$: () =>
      defer(() => {
        const last$ = commitAll$().pipe(takeUntil(timer(timing.requestTimeoutMs, scheduler)))
        return concat(
          last$,
          defer(() => (close(), leave$())),
        )
      }).pipe(ignoreElements()),
    progress: () => [...held.values()].flatMap(queue => queue.progress() ?? []),
  }
}
