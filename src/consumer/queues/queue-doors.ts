import { defer, distinctUntilChanged, filter, firstValueFrom, map, merge, switchMap, take, takeUntil } from 'rxjs'
import { ignoreElements, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import { expected } from '../../client/check-kinds.ts'
import type { SharedClient } from '../../client/shared-client.ts'
import { closed, notConnected } from '../../errors.ts'
import { queueKey, toQueueOffset } from '../../messages/offsets.ts'
import type { OffsetLike, QueueRef } from '../../messages/offsets.ts'
import { nameOf } from '../../messages/topic.ts'
import type { Topic } from '../../messages/topic.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { neverSync } from '../../operators/never-sync.ts'
import { checkGroup, checkTopic } from '../../protocol/names.ts'
import { addressOf } from '../subscriptions/group-routes.ts'
import { isTime } from '../options.ts'
import { oncePull } from './pull-once.ts'
import type { PullOptions, PullResult } from './pull-once.ts'
import { isQueueRef } from './queue-refs.ts'

/** Queues without being a member of a group: what is there, and how far a group is. Each verb is one request; cold. */
export interface QueueDoors {
  /**
   * The queues of a topic that can be read, now and whenever they change; none while there is no such topic. Never errors;
   * throws ERR_RMQ_ILLEGAL for what no topic can be.
   */
  queues$(topic: Topic | string): Observable<readonly QueueRef[]>
  /** Pulls once. Nothing is remembered and nobody is told: whoever asks again from the same offset gets the same. */
  pull$<T = Uint8Array>(queue: QueueRef, options: PullOptions<T>): Observable<PullResult<T>>
  /** `pull$`, at once. */
  pull<T = Uint8Array>(queue: QueueRef, options: PullOptions<T>): Promise<PullResult<T>>
  /** The first offset of a queue. */
  minOffset$(queue: QueueRef): Observable<Long>
  /** `minOffset$`, at once. */
  minOffset(queue: QueueRef): Promise<Long>
  /** One past the last offset of a queue. */
  maxOffset$(queue: QueueRef): Observable<Long>
  /** `maxOffset$`, at once. */
  maxOffset(queue: QueueRef): Promise<Long>
  /**
   * The offset of the first message that was stored at that time or later; where there is none one past the last, instead
   * of which brokers of 4.9 say the last.
   */
  searchOffset$(queue: QueueRef, at: Date): Observable<Long>
  /** `searchOffset$`, at once. */
  searchOffset(queue: QueueRef, at: Date): Promise<Long>
  /** The next offset that a group will consume, as the broker keeps it; undefined before its first commit. */
  committedOffset$(group: string, queue: QueueRef): Observable<Long | undefined>
  /** `committedOffset$`, at once. */
  committedOffset(group: string, queue: QueueRef): Promise<Long | undefined>
  /** Has the broker keep that offset for a group; a member that runs commits over it. */
  commitOffset$(group: string, queue: QueueRef, offset: OffsetLike): Observable<void>
  /** `commitOffset$`, at once. */
  commitOffset(group: string, queue: QueueRef, offset: OffsetLike): Promise<void>
}

/** A state never errors: what no topic can be is told at once. */
const checkedName = (topic: Topic | string): string => {
  const name = nameOf(topic)
  checkTopic(name)
  return name
}

type Asking = Pick<
  SharedClient,
  'broker' | 'closing$' | 'events$' | 'isClosed' | 'life' | 'routes' | 'runtime' | 'timing'
>

export const createQueueDoors = (shared: Asking): QueueDoors => {
  const { broker, closing$, events$, isClosed, life, routes, runtime, timing } = shared
  const { scheduler, asap } = runtime

  const inRoute = (state: RouteState, queue: QueueRef): string => {
    const endpoint = addressOf([state], queue)
    if (endpoint !== undefined) return endpoint
    throw (
      state.error ?? notConnected(queue.brokerName, new Error(`the route of topic "${queue.topic}" does not name it`))
    )
  }
  /** By the route that is known; one that does not name the broker is asked for anew, once. */
  const endpointOf$ = (queue: QueueRef): Observable<string> =>
    defer(() => {
      const begunAt = scheduler.now()
      const state$ = routes.routes$(queue.topic).pipe(filter(({ askedAt }) => askedAt > -Infinity))
      const newer$ = state$.pipe(filter(({ askedAt }) => askedAt >= begunAt))
      /** A route that is confirmed is no news to those who look at routes. */
      const confirmed$ = events$.pipe(
        filter(event => event.type === 'route-refreshed' && event.topic === queue.topic && !event.changed),
      )
      const asked$ = defer(() => {
        routes.refresh(queue.topic)
        return newer$.pipe(ignoreElements())
      })
      return state$.pipe(
        take(1),
        switchMap(state => {
          const isUseless = addressOf([state], queue) === undefined && state.askedAt < begunAt
          if (!isUseless) return [state]
          const patience = { first: timing.requestTimeoutMs, scheduler, with: () => [state] }
          return merge(newer$, confirmed$.pipe(map(() => state)), asked$).pipe(timeout(patience), take(1))
        }),
        map(state => inRoute(state, queue)),
      )
    })

  const door = <A extends readonly unknown[], T>(make$: (...args: A) => Observable<T>) => {
    const cold$ = (...args: A): Observable<T> =>
      defer(() => (isClosed() ? throwError(() => closed('the client')) : make$(...args))).pipe(
        neverSync(asap),
        life.held(),
      )
    return { cold$, now: (...args: A): Promise<T> => firstValueFrom(cold$(...args)) }
  }
  const checked = (queue: QueueRef): QueueRef => {
    expected('the queue', queue, isQueueRef(queue), '{ topic, brokerName, queueId }')
    return queue
  }

  const pull = door((queue: QueueRef, options: PullOptions<unknown>) => {
    const { header, timeoutMs, toResult } = oncePull(checked(queue), options)
    return endpointOf$(queue).pipe(
      switchMap(endpoint => broker.pulling.pull$(endpoint, header, timeoutMs)),
      map(toResult),
    )
  })
  const min = door((queue: QueueRef) =>
    endpointOf$(checked(queue)).pipe(switchMap(endpoint => broker.offsets.min$(endpoint, queue))),
  )
  const max = door((queue: QueueRef) =>
    endpointOf$(checked(queue)).pipe(switchMap(endpoint => broker.offsets.max$(endpoint, queue))),
  )
  const search = door((queue: QueueRef, at: Date) => {
    expected('the time to search', at, isTime(at), 'a Date')
    const time = Long.fromNumber(at.getTime())
    return endpointOf$(checked(queue)).pipe(switchMap(endpoint => broker.offsets.search$(endpoint, queue, time)))
  })
  const committed = door((group: string, queue: QueueRef) => {
    checkGroup(group)
    return endpointOf$(checked(queue)).pipe(switchMap(endpoint => broker.offsets.query$(endpoint, group, queue, true)))
  })
  const commit = door((group: string, queue: QueueRef, offset: OffsetLike) => {
    checkGroup(group)
    const next = toQueueOffset(offset)
    return endpointOf$(checked(queue)).pipe(switchMap(endpoint => broker.offsets.update$(endpoint, group, queue, next)))
  })

  const doors = {
    queues$: (topic: Topic | string) =>
      routes.routes$(checkedName(topic)).pipe(
        filter(({ status }) => status !== 'unknown'),
        map(({ subscribeQueues }) => subscribeQueues),
        distinctUntilChanged((a, b) => a.map(queueKey).join() === b.map(queueKey).join()),
        takeUntil(closing$),
      ),
    pull$: pull.cold$,
    pull: pull.now,
    minOffset$: min.cold$,
    minOffset: min.now,
    maxOffset$: max.cold$,
    maxOffset: max.now,
    searchOffset$: search.cold$,
    searchOffset: search.now,
    committedOffset$: committed.cold$,
    committedOffset: committed.now,
    commitOffset$: commit.cold$,
    commitOffset: commit.now,
  }
  return doors as QueueDoors // bodies are of the type that the codec reads
}
