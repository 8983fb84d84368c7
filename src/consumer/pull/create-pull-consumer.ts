import { BehaviorSubject, concat, defer, EMPTY, endWith, filter, firstValueFrom, forkJoin } from 'rxjs'
import {
  ignoreElements,
  map,
  merge,
  observeOn,
  of,
  ReplaySubject,
  switchMap,
  take,
  takeUntil,
  tap,
  throwError,
  throwIfEmpty,
  timer,
} from 'rxjs'
import type { Observable } from 'rxjs'
import { expected } from '../../client/check-kinds.ts'
import { checkedMs } from '../../client/checks.ts'
import type { SharedClient } from '../../client/shared-client.ts'
import { closed, illegal } from '../../errors.ts'
import type { Inbound } from '../../messages/message.ts'
import { toQueueOffset } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { neverSync } from '../../operators/never-sync.ts'
import { checkSeek, heldOf, sought$ } from '../group/controls.ts'
import type { GroupSession } from '../group/group-session.ts'
import { createMember } from '../group/member.ts'
import { createPolledPages } from './polled-pages.ts'
import type { PullConsumer, QueueOffset } from './pull-consumer.ts'
import { checkChosen, resolvePullConsumerOptions } from './pull-options.ts'
import type { PullConsumerOptions } from './pull-options.ts'
import { createQueueDoors } from '../queues/queue-doors.ts'
import { isQueueRef } from '../queues/queue-refs.ts'

/** A membership: emits the queues that it begins with, errors when it failed, completes when it is over. */
type Membership = ReplaySubject<readonly QueueRef[]>

export const createPullConsumer = <M extends Inbound>(
  shared: SharedClient,
  options: PullConsumerOptions,
): PullConsumer<M> => {
  const { runtime, timing, life, report } = shared
  const { scheduler, asap } = runtime
  const { settings, assign, pollTimeoutMs } = resolvePullConsumerOptions(options, timing.commitMs)
  const { group, autoCommit } = settings
  const chosen = new BehaviorSubject<readonly QueueRef[]>(assign === 'auto' ? [] : assign)
  const pages = createPolledPages()
  let membership: Membership | undefined

  const { runs, doors } = createMember(shared, settings, {
    chosen$: chosen,
    onAssignment: assignment => membership?.next([...assignment.values()]),
  })

  // ---- being a member

  const begin = (): Membership => {
    const mine: Membership = new ReplaySubject(1)
    const end = (): void => {
      if (membership === mine) membership = undefined
    }
    membership = mine
    runs
      .run$(undefined, (session, { until$ }) =>
        session.run$((_, pages$) => pages$).pipe(tap(pages.add), ignoreElements(), takeUntil(until$)),
      )
      .subscribe({
        error: (error: unknown) => {
          end()
          if (!mine.observed) report({ type: 'consumer-failure', group, where: 'rebalance', error })
          mine.error(error)
        },
        complete: () => {
          end()
          mine.complete()
        },
      })
    return mine
  }
  const checkOpen = (): void => {
    if (runs.isClosed()) throw closed('the pull consumer')
  }
  /** The one there is, or a new one. */
  const member = (): Membership => {
    checkOpen()
    return membership ?? begin()
  }
  /** Its queues, a hop after it has them: then they are held. Who closes while it joins, did not join. */
  const joined$ = (): Observable<readonly QueueRef[]> =>
    defer(() => member().pipe(take(1))).pipe(
      observeOn(asap),
      tap(checkOpen),
      throwIfEmpty(() => closed('the pull consumer')),
    )
  const inSession$ = <T>(use$: (session: GroupSession) => Observable<T>): Observable<T> =>
    joined$().pipe(
      switchMap(() => {
        const session = runs.session()
        return session === undefined ? throwError(() => closed('the pull consumer')) : use$(session)
      }),
    )
  const door$ = <T>(make$: () => Observable<T>): Observable<T> => defer(make$).pipe(neverSync(asap), life.held())

  // ---- what it is asked

  const start$: PullConsumer['start$'] = () => door$(joined$)

  const consumedByPolls = (): void => {
    for (const queue of runs.session()?.held.all() ?? []) queue.consumed()
  }
  const poll$ = (timeoutMs?: number): Observable<readonly Inbound[]> =>
    door$(() => {
      const waitMs = checkedMs('timeoutMs', timeoutMs, pollTimeoutMs, 0)
      const mine = member()
      if (autoCommit) consumedByPolls()
      const over$ = mine.pipe(ignoreElements(), endWith(undefined))
      const there$ = merge(of(undefined), pages.arrivals$).pipe(
        map(pages.take),
        filter(messages => messages !== undefined),
      )
      const nothing$ = merge(over$, timer(waitMs, scheduler)).pipe(map(() => []))
      return merge(there$, nothing$).pipe(take(1))
    })

  const seek$: PullConsumer['seek$'] = (to, queues) =>
    door$(() => {
      checkSeek(to, queues)
      return inSession$(session => sought$(session, to, queues))
    })

  const queueOf = (one: QueueRef | QueueOffset): QueueRef => ('queue' in one ? one.queue : one)
  const commit$: PullConsumer['commit$'] = what =>
    door$(() => {
      const isRight =
        what === undefined ||
        (Array.isArray(what) && what.every((one: unknown) => isQueueRef(queueOf(Object(one) as QueueRef))))
      expected('what to commit', what, isRight, 'a list of queues, or of { queue, offset }')
      const below = what?.map(one => ('queue' in one ? toQueueOffset(one.offset) : undefined)) ?? []
      const session = runs.session()
      if (session === undefined) checkOpen()
      if (what === undefined) return doors.commit$()
      if (session === undefined) throw illegal('nothing was polled yet, so there is nothing to commit')
      const held = heldOf(session, what.map(queueOf))
      for (const [i, queue] of held.entries()) queue.consumed(below[i])
      const told$ = held.length === 0 ? EMPTY : forkJoin(held.map(queue => queue.commit$().pipe(endWith(undefined))))
      return concat(told$.pipe(ignoreElements()), of(undefined))
    })

  const committed$: PullConsumer['committed$'] = queue =>
    door$(() => {
      expected('the queue', queue, isQueueRef(queue), '{ topic, brokerName, queueId }')
      return inSession$(session => session.committed$(queue))
    })

  const { queues$, searchOffset$, searchOffset } = createQueueDoors(shared)
  const { assignments$, failures$, lag$, subscriptions, offsetMetrics, pause, resume, close } = doors
  const consumer: PullConsumer = {
    group,
    assignments$,
    failures$,
    lag$,
    subscriptions,
    offsetMetrics,
    pause,
    resume,
    queues$,
    offsetForTimestamp$: searchOffset$,
    offsetForTimestamp: searchOffset,
    start$,
    start: () => firstValueFrom(start$()),
    poll$,
    poll: timeoutMs => firstValueFrom(poll$(timeoutMs)),
    seek$,
    seek: (to, queues) => firstValueFrom(seek$(to, queues)),
    commit$,
    commit: what => firstValueFrom(commit$(what)),
    committed$,
    committed: queue => firstValueFrom(committed$(queue)),
    assign: queues => {
      if (assign === 'auto')
        throw illegal('the queues are shared out: assign is for a pull consumer with a list of queues')
      checkOpen()
      checkChosen(queues, { subscriptions: subscriptions.active() })
      chosen.next([...queues])
    },
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
  return consumer as PullConsumer<M>
}
