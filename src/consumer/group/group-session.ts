import {
  combineLatest,
  concat,
  defer,
  EMPTY,
  ignoreElements,
  map,
  merge,
  NEVER,
  of,
  race,
  switchMap,
  take,
  takeUntil,
  tap,
  timer,
} from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import { NOTHING_LEFT } from '../../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../../client/shared-client.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { runEach } from '../../operators/run-each.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { AssignmentBoard } from './assignment-board.ts'
import type { SeekTo } from '../consumer.ts'
import { checkedByBroker$ } from '../subscriptions/check-subscriptions.ts'
import type { ConsumeMeter } from './consume-stats.ts'
import type { QueueDelivery } from '../queues/delivery.ts'
import { createGroupBroker } from './group-broker.ts'
import type { GroupBroker } from './group-broker.ts'
import { startable$ } from '../subscriptions/group-routes.ts'
import { createGroupUpkeep } from './group-upkeep.ts'
import { createHolding } from './hold-queue.ts'
import { createHeldQueues } from '../queues/held-queues.ts'
import type { HeldQueues } from '../queues/held-queues.ts'
import type { ConsumerSettings } from '../options.ts'
import { answering$, NO_HANDLER } from './member-state.ts'
import type { Handling } from './member-state.ts'
import type { OffsetMetrics } from '../offsets/offset-cache.ts'
import { brokerOffsets, createOffsetKeeper } from '../offsets/offset-keeper.ts'
import { storeOf } from '../offsets/offset-choice.ts'
import { createPopBroker } from '../pop/pop-broker.ts'
import { createQueueLocks } from '../queues/queue-locks.ts'
import type { QueueLocks } from '../queues/queue-locks.ts'
import { createReading } from '../queues/reading.ts'
import { amongMembers, assignments$ } from '../allocation/rebalance.ts'
import type { Assignment, RebalanceOptions } from '../allocation/rebalance.ts'
import type { SubscriptionSet } from '../subscriptions/subscription-set.ts'
import { createLiveSubscriptions } from '../subscriptions/subscriptions.ts'

/** The locks of a member at its brokers. */
const locksOf = (
  { lockQueues$, unlockQueues$ }: GroupBroker,
  group: string,
  { runtime, report }: SharedClient,
): QueueLocks =>
  createQueueLocks({
    lock$: lockQueues$,
    unlock$: unlockQueues$,
    onFailure: (error, queue) => report({ type: 'consumer-failure', group, where: 'lock', error, queue }),
    ...runtime,
  })

/** One membership of a group: from joining to leaving. */
export interface GroupSession {
  /**
   * Joins, and runs something for each queue that is held, from assignment to revocation. Unsubscribing stops pulling;
   * what is in hand can still be settled until the farewell.
   */
  run$<R>(each: QueueRun<R>): Observable<R>
  /** Waits for settlements under way, commits, leaves. One report, which is `forced` when the time ran out. */
  farewell$(leftMs: number): Observable<CloseReport>
  /** Leaves now: what is in hand is let go. Completes when the brokers know, or cannot be told. */
  abandon$(): Observable<never>
  /** The offset of a place in a queue, as its broker says. */
  offsetAt$(queue: MessageQueue, place: SeekTo): Observable<Long>
  /** How far the group is on a queue, as the store of its offsets says. */
  committed$(queue: QueueRef): Observable<Long | undefined>
  readonly held: HeldQueues
  offsetMetrics(): OffsetMetrics
  /** The queues of a topic that are known, held or not. */
  queuesOf(topic: string): readonly MessageQueue[]
  /** What is at work, for those who ask. */
  handles(work: Handling): void
}

/**
 * What is done with a queue while it is held. `pages$` pulls; when the queue is revoked it stops, waits (bounded) for what
 * is in hand, commits, and completes. Whoever does not subscribe to it ends with `revoked$`.
 */
type QueueRun<R> = (
  queue: MessageQueue,
  pages$: Observable<readonly QueueDelivery[]>,
  revoked$: Observable<void>,
) => Observable<R>

/** What the consumer around it wants to know, and knows. */
export interface SessionHooks {
  readonly onAssignment: (assignment: Assignment) => void
  readonly board: AssignmentBoard
  readonly isPaused: (queue: QueueRef) => boolean
  readonly meter: ConsumeMeter
  readonly subscriptions: SubscriptionSet
  /** The queues that are chosen, where they are not shared out. Default: those of the settings, for good. */
  readonly chosen$?: Observable<readonly QueueRef[]> | undefined
}

export const createGroupSession = (
  shared: SharedClient,
  settings: ConsumerSettings,
  { onAssignment, board, isPaused, meter, subscriptions: set, chosen$ }: SessionHooks,
): GroupSession => {
  const { runtime, report, timing, clientId, namespace } = shared
  const { scheduler } = runtime
  const { group, model, ordering, acknowledge, assign, allocation } = settings
  const subscriptions = createLiveSubscriptions(settings, set)
  const reading = createReading(settings, subscriptions, namespace)
  const held = createHeldQueues()
  const upkeep = createGroupUpkeep(shared, settings, subscriptions, set.changes$, held)
  const broker = createGroupBroker(shared, settings, subscriptions, {
    routes: upkeep.addresses,
    known$: upkeep.known$,
    onUnknown: upkeep.announceAgain,
  })
  const offsets = createOffsetKeeper(
    storeOf(settings, shared, brokerOffsets(broker.loadOffset$, broker.updateOffset$)),
    runtime,
  )
  const isLocked = ordering === 'queue' && model === 'clustering' && acknowledge === 'offset'
  const locks = isLocked ? locksOf(broker, group, shared) : undefined
  const pops = acknowledge === 'pop' ? createPopBroker(shared, settings, subscriptions, upkeep.addresses) : undefined
  const hold = createHolding({
    shared,
    settings,
    broker,
    pops,
    offsets,
    locks,
    subscriptions,
    reading,
    meter,
    isPaused,
  })

  // ---- holding queues

  const holding =
    <R>(each: QueueRun<R>) =>
    (queue: MessageQueue, revoked$: Observable<void>): Observable<R> =>
      defer(() => {
        const mine = hold(queue)
        held.add(mine)
        board.began(queue)
        const givenUp$ = defer(() => {
          held.giveUp(mine)
          board.ended(queue)
          return EMPTY
        })
        const given$ = revoked$.pipe(
          tap(() => {
            // what nobody works on is for the next owner; at most once it counts as done, and is not given back
            if (settings.delivery === 'at-least-once') mine.release('unbegun')
          }),
        )
        return concat(each(queue, mine.run$(given$), revoked$), givenUp$)
      })

  let handling = NO_HANDLER
  const answered$ = answering$({
    shared,
    settings,
    held,
    subscriptions,
    meter,
    handling: () => handling,
    reading,
    commitNow: upkeep.commitNow,
  })

  // ---- which

  const shareOf = (): RebalanceOptions['share$'] => {
    if (pops !== undefined) return pops.share$
    if (model === 'broadcasting') return ({ subscribeQueues }) => of(subscribeQueues)
    return amongMembers({ self: clientId, members$: broker.members$, allocate: allocation.allocate })
  }
  const shared$ = defer(() =>
    assignments$({
      routes: upkeep.routes,
      share$: shareOf(),
      nudge$: upkeep.rebalances$,
      onFailure: error => report({ type: 'consumer-failure', group, where: 'rebalance', error }),
      periodMs: timing.rebalanceMs,
      scheduler,
    }),
  )
  const assigned$ =
    assign === 'auto'
      ? shared$
      : combineLatest([merge(chosen$ ?? of(assign), NEVER), set.changes$]).pipe(
          map(([queues]) => queues.filter(({ topic }) => subscriptions.of(topic) !== undefined)),
          map((queues): Assignment => new Map(queues.map(queue => [queueKey(queue), queue]))),
        )

  const leave$ = (): Observable<never> =>
    defer(() => {
      upkeep.close()
      return broker.leave$()
    })
  const unlockAll$ = (): Observable<never> =>
    defer(() => (locks === undefined ? EMPTY : merge(...held.all().map(({ queue }) => locks.unlock$(queue)))))
  /** What is in hand is let go before the locks are: nobody works on a queue that another may have. */
  const gone$ = (): Observable<never> =>
    defer(() => {
      for (const queue of held.all()) queue.close()
      return concat(
        unlockAll$(),
        defer(() => {
          held.close()
          return leave$()
        }),
      )
    })

  return {
    held,
    queuesOf: topic => upkeep.routes().find(route => route.topic === topic)?.subscribeQueues ?? [],
    offsetAt$: broker.offsetAt$,
    committed$: offsets.load$,
    offsetMetrics: offsets.metrics,
    handles: given => (handling = given),
    run$: each =>
      concat(
        pops?.supported$(upkeep.routes$) ?? EMPTY,
        checkedByBroker$(shared, group, subscriptions, upkeep.routes$),
        defer(() => {
          upkeep.open()
          const assignments$ = startable$(upkeep.routes$).pipe(switchMap(() => assigned$))
          return merge(assignments$.pipe(tap(board.decided), tap(onAssignment), runEach(holding(each))), answered$)
        }),
      ),
    farewell$: leftMs =>
      concat(
        defer(() => {
          for (const queue of held.all()) queue.release('unbegun') // a page may have been cut short by the stop
          return race(held.settled$(), timer(leftMs, scheduler))
        }).pipe(take(1), ignoreElements()),
        // a broker that is silent keeps every queue of it waiting, one after the other
        held.farewell$().pipe(takeUntil(timer(Math.max(leftMs, timing.requestTimeoutMs), scheduler))),
        defer(() => {
          const unsettled = held.unfinished()
          const left = { ...NOTHING_LEFT, forced: unsettled > 0, unsettled, uncommitted: held.uncommitted() }
          return concat(gone$(), of(left))
        }),
      ),
    abandon$: () => concat(held.farewell$().pipe(takeUntil(timer(timing.requestTimeoutMs, scheduler))), gone$()),
  }
}
