import { decodeFailed } from '../../errors.ts'
import { isReadable, isWriteable } from '../permissions.ts'
import { MAX_QUEUES } from './route-bodies.ts'
import type { BrokerData, TopicRoute } from './route-bodies.ts'

export { PERM } from '../permissions.ts'

/** One queue of a topic: the unit of ordering, of balancing and of offsets. */
export interface MessageQueue {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

/** Broker id of the master; slaves have higher ids. */
const MASTER_ID = 0

/** By topic, then broker name, then queue id, as the official clients sort before they share queues out. */
export const compareQueues = (a: MessageQueue, b: MessageQueue): number =>
  compareText(a.topic, b.topic) || compareText(a.brokerName, b.brokerName) || a.queueId - b.queueId

/** How the official client writes a queue as text, which its consistent hashing goes by. */
export const queueText = ({ topic, brokerName, queueId }: MessageQueue): string =>
  `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`

// by UTF-16 unit, as Java does: all clients of a group must sort alike, whatever their locale
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Whether the name server lists this topic's queues in an order configuration of its own. */
export const isOrderTopic = (route: TopicRoute): boolean => (route.orderTopicConf ?? '') !== ''

/** Address of a broker's master; undefined when the route names none. */
export const masterOf = (route: TopicRoute, brokerName: string): string | undefined =>
  brokerOf(route, brokerName)?.brokerAddrs.get(MASTER_ID)

/** Where a send to any queue of these routes may go: the addresses of all masters. */
export const masterAddresses = (routes: readonly TopicRoute[]): ReadonlySet<string> =>
  new Set(brokersOf(routes).flatMap(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) ?? []))

/** Where a pull from any queue of these routes may go: the addresses of all masters and slaves. */
export const replicaAddresses = (routes: readonly TopicRoute[]): ReadonlySet<string> =>
  new Set(brokersOf(routes).flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]))

const brokersOf = (routes: readonly TopicRoute[]): readonly BrokerData[] =>
  routes.flatMap(({ brokerDatas }) => brokerDatas)

const brokerOf = (route: TopicRoute, brokerName: string): BrokerData | undefined =>
  route.brokerDatas.find(broker => broker.brokerName === brokerName)

/**
 * The queues to send to (`MQClientInstance.topicRouteData2TopicPublishInfo`): those of writable brokers with a master,
 * by broker name; or what the order configuration lists, in its order; or the logical queues of a static topic, whose
 * broker name no route knows the address of.
 */
export const publishQueues = (topic: string, route: TopicRoute): readonly MessageQueue[] => {
  if (isOrderTopic(route)) return orderedQueues(topic, route.orderTopicConf ?? '')
  if (route.isStatic && route.orderTopicConf === undefined) return logicalQueues(topic, route)
  return route.queueDatas
    .filter(queues => isWriteable(queues.perm) && masterOf(route, queues.brokerName) !== undefined)
    .sort((a, b) => compareText(a.brokerName, b.brokerName))
    .flatMap(queues => queuesOf(topic, queues.brokerName, queues.writeQueueNums))
}

/** The queues to consume from, sorted: those of readable brokers, with or without a master. */
export const subscribeQueues = (topic: string, route: TopicRoute): readonly MessageQueue[] => {
  if (route.isStatic) return logicalQueues(topic, route)
  return countedQueues(
    topic,
    route.queueDatas.filter(queues => isReadable(queues.perm)).map(queues => [queues.brokerName, queues.readQueueNums]),
  )
}

const queuesOf = (topic: string, brokerName: string, count: number): MessageQueue[] =>
  Array.from({ length: count }, (_, queueId) => ({ topic, brokerName, queueId }))

/** A broker that is named twice has its queues once. */
const countedQueues = (topic: string, counts: readonly (readonly [string, number])[]): readonly MessageQueue[] => {
  const most = new Map<string, number>()
  for (const [brokerName, count] of counts) most.set(brokerName, Math.max(most.get(brokerName) ?? 0, count))
  return [...most].flatMap(([brokerName, count]) => queuesOf(topic, brokerName, count)).sort(compareQueues)
}

const orderedQueues = (topic: string, orderTopicConf: string): readonly MessageQueue[] => {
  let left = MAX_QUEUES
  return orderTopicConf
    .split(';')
    .filter(item => item !== '')
    .flatMap(item => {
      const [, brokerName = '', count = ''] = /^([^:]*):(\d+)/.exec(item) ?? []
      left -= count === '' ? Infinity : Number(count)
      if (left < 0) {
        throw decodeFailed(
          `order configuration of topic "${topic}": expected brokers with a queue count, ${MAX_QUEUES} in all`,
        )
      }
      return queuesOf(topic, brokerName, Number(count))
    })
}

/** Static topics have queues of a made-up broker for all of a scope; each real broker holds some of them. */
const logicalQueues = (topic: string, route: TopicRoute): readonly MessageQueue[] =>
  countedQueues(
    topic,
    (route.staticQueues ?? []).map(({ scope, totalQueues }) => [logicalBroker(scope), totalQueues]),
  )

const logicalBroker = (scope: string): string => `__syslo__${scope.startsWith('__') ? scope.slice(2) : scope}`
