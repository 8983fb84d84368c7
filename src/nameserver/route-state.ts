import type { RocketError } from '../errors.ts'
import type { TopicRoute } from '../protocol/bodies/bodies.ts'
import { publishQueues, subscribeQueues } from '../protocol/bodies/routes.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'

/** What is known about where a topic lives. */
export interface RouteState {
  readonly topic: string
  /** `unknown`: nobody answered yet. `missing`: the name servers do not know the topic. */
  readonly status: 'known' | 'missing' | 'unknown'
  /** The last good one, kept while name servers fail and until it expires. */
  readonly route: TopicRoute | undefined
  /** Built once per route: where producers may send, ordered by broker name and queue id. */
  readonly publishQueues: readonly MessageQueue[]
  /** Where consumers may read. */
  readonly subscribeQueues: readonly MessageQueue[]
  /** Why the last refresh did not bring a route. */
  readonly error: RocketError | undefined
  /** When the route was last confirmed, ms. */
  readonly confirmedAt: number
  /** When a name server last answered about this topic, or failed to, ms. */
  readonly askedAt: number
}

export type RouteOutcome =
  | { readonly ok: true; readonly value: TopicRoute; readonly at: number }
  /** `doubted`: somebody said before it was asked for that the last good route is not to be believed. */
  | { readonly ok: false; readonly error: RocketError; readonly at: number; readonly doubted?: boolean }

export const unknownRoute = (topic: string): RouteState => ({
  topic,
  status: 'unknown',
  route: undefined,
  publishQueues: [],
  subscribeQueues: [],
  error: undefined,
  confirmedAt: -Infinity,
  askedAt: -Infinity,
})

/**
 * Pure. A route is replaced by a newer one; a failing name server takes nothing away; a name server that no longer knows
 * the topic takes it away only after ttlMs, because a broker that restarts is missing for a moment, or where it is doubted.
 */
export const nextRoute =
  (ttlMs: number) =>
  (state: RouteState, outcome: RouteOutcome): RouteState => {
    if (outcome.ok) return known(state, outcome.value, outcome.at)
    const { error, at, doubted = false } = outcome
    if (error.code !== 'ERR_RMQ_ROUTE_NOT_FOUND') return { ...state, error, askedAt: at }
    const expired = doubted || at - state.confirmedAt > ttlMs
    if (state.status === 'known' && !expired) return { ...state, error, askedAt: at }
    return { ...unknownRoute(state.topic), status: 'missing', error, askedAt: at }
  }

const known = (state: RouteState, route: TopicRoute, at: number): RouteState => {
  const base = { ...state, status: 'known' as const, error: undefined, confirmedAt: at, askedAt: at }
  if (state.route !== undefined && sameRoute(state.route, route)) return base
  const { topic } = state
  return { ...base, route, publishQueues: publishQueues(topic, route), subscribeQueues: subscribeQueues(topic, route) }
}

/** Whether two routes lead to the same places. */
export const sameRoute = (a: TopicRoute, b: TopicRoute): boolean => fingerprint(a) === fingerprint(b)

const fingerprint = (route: TopicRoute): string =>
  JSON.stringify([
    route.orderTopicConf ?? '',
    route.isStatic,
    route.queueDatas.map(q => [q.brokerName, q.readQueueNums, q.writeQueueNums, q.perm].join()).sort(),
    route.brokerDatas
      .map(b => [b.brokerName, ...[...b.brokerAddrs].map(([id, address]) => `${id}=${address}`).sort()].join())
      .sort(),
  ])
