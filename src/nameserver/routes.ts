import { defer, distinctUntilChanged, filter, finalize, map, race, scan, Subject, tap, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { isRocketError, protocolError } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { refreshed$ } from '../operators/refreshed.ts'
import { sharedByKey } from '../operators/shared-by-key.ts'
import type { TopicRoute } from '../protocol/bodies/bodies.ts'
import type { NameServer } from './name-server.ts'
import { nextRoute, sameRoute, unknownRoute } from './route-state.ts'
import type { RouteOutcome, RouteState } from './route-state.ts'

export interface Routes {
  /**
   * What is known about a topic's route, now and whenever it changes. Shared and refreshed while anyone looks; never
   * errors: a failure is in the value.
   */
  routes$(topic: string): Observable<RouteState>
  /** Asks again soon, for one topic or for all that are in use. A demand during a fetch is answered by one more. */
  refresh(topic?: string): void
  /** The same for one topic, whose last good route goes at once when the name servers no longer know it. */
  forget(topic: string): void
  /** What is kept now, by topic name. */
  cached(): readonly RouteState[]
}

export interface RoutesOptions {
  readonly nameServer: Pick<NameServer, 'topicRoute$'>
  readonly closing$: Observable<unknown>
  readonly report: Report
  readonly scheduler: SchedulerLike
  /** Default 30,000 ms, as Java's pollNameServerInterval. */
  readonly refreshMs?: number
  /** After a failure, default 10,000 ms. */
  readonly retryMs?: number
  /** How long a route is believed when the name servers no longer know the topic. Default 60,000 ms. */
  readonly ttlMs?: number
  /** How long the refreshing goes on after the last look. Default 60,000 ms. */
  readonly idleMs?: number
}

export const createRoutes = (options: RoutesOptions): Routes => {
  const { nameServer, closing$, report, scheduler } = options
  const { refreshMs = 30_000, retryMs = 10_000, ttlMs = 60_000, idleMs = 60_000 } = options
  const nudges = new Subject<string | undefined>()
  const kept = new Map<string, RouteState>()
  const inUse = new Set<string>()
  const doubts = new Set<string>()

  const nudged$ = (topic: string): Observable<unknown> =>
    nudges.pipe(filter(named => named === undefined || named === topic))
  const fetched$ = (topic: string): Observable<RouteOutcome> => {
    let doubted = false
    const ask$ = (): Observable<TopicRoute> => {
      doubted = doubts.delete(topic) // what is answered to an earlier question settles no doubt
      return nameServer.topicRoute$(topic)
    }
    return refreshed$(ask$, { periodMs: refreshMs, retryMs, nudge$: nudged$(topic), scheduler }).pipe(
      map((result): RouteOutcome => {
        const at = scheduler.now()
        if (result.ok) return { ok: true, value: result.value, at }
        const error = isRocketError(result.error)
          ? result.error
          : protocolError('route refresh failed', { cause: result.error })
        if (doubted && error.code !== 'ERR_RMQ_ROUTE_NOT_FOUND') doubts.add(topic) // nobody answered
        return { ok: false, error, at, doubted }
      }),
    )
  }
  const told = (topic: string) => {
    let last: RouteState | undefined
    return (state: RouteState): void => {
      const changed = last?.route === undefined || state.route === undefined || !sameRoute(last.route, state.route)
      if (state.error === undefined) report({ type: 'route-refreshed', topic, changed })
      else report({ type: 'route-failed', topic, error: state.error, keptLastGood: state.status === 'known' })
      last = state
    }
  }

  const routes$ = sharedByKey(
    (topic: string) =>
      defer(() => {
        inUse.add(topic)
        return fetched$(topic).pipe(
          scan(nextRoute(ttlMs), unknownRoute(topic)),
          tap(told(topic)),
          tap(state => kept.set(topic, state)),
          distinctUntilChanged(sameAnswer),
          finalize(() => {
            kept.delete(topic)
            inUse.delete(topic)
            doubts.delete(topic)
          }),
        )
      }),
    () => race(timer(idleMs, scheduler), closing$),
  )

  return {
    routes$,
    refresh: topic => nudges.next(topic),
    forget: topic => {
      if (inUse.has(topic)) doubts.add(topic)
      nudges.next(topic)
    },
    cached: () => [...kept.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1)),
  }
}

/** Every failure is told anew: whoever waits for a demand's answer must see it. A confirmed route is not news. */
const sameAnswer = (a: RouteState, b: RouteState): boolean =>
  a.route === b.route && a.error === undefined && b.error === undefined
