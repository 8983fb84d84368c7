import type { RouteState } from '../nameserver/route-state.ts'

/** What is kept of routes now. */
export interface RouteCache {
  /** Topics that are in use, or were within `timing.idleMs`. */
  readonly topics: readonly RouteState[]
  /** Names of all brokers in their routes. */
  readonly brokerNames: readonly string[]
  /** Queues that may be written, of all topics. */
  readonly publishQueues: number
  /** Queues that may be read, of all topics. */
  readonly subscribeQueues: number
}

export const routeCacheOf = (topics: readonly RouteState[]): RouteCache => ({
  topics,
  brokerNames: [
    ...new Set(topics.flatMap(({ route }) => route?.brokerDatas.map(({ brokerName }) => brokerName) ?? [])),
  ].sort(),
  publishQueues: topics.reduce((sum, { publishQueues }) => sum + publishQueues.length, 0),
  subscribeQueues: topics.reduce((sum, { subscribeQueues }) => sum + subscribeQueues.length, 0),
})
