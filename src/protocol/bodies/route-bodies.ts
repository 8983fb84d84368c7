import { decodeFailed } from '../../errors.ts'
import {
  boolAt,
  intAt,
  optionalTextAt,
  shapeOfBody,
  shapesAt,
  shapesByName,
  textAt,
  textListsByName,
  textsByName,
} from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'

/** Where the queues of one topic are, as a name server tells (`TopicRouteData`, code 105). */
export interface TopicRoute {
  /** Queues per broker in the form `broker-a:4;broker-b:4`, only for topics with a configured order. */
  readonly orderTopicConf?: string
  readonly queueDatas: readonly QueueData[]
  readonly brokerDatas: readonly BrokerData[]
  /** Whether this is a static topic, whose logical queues are mapped to queues of brokers. */
  readonly isStatic: boolean
  /** What each broker told about the logical queues; only for static topics. */
  readonly staticQueues?: readonly StaticQueues[]
}

/** The queues of a topic on one broker. */
export interface QueueData {
  readonly brokerName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  /** Bits of `PERM`. */
  readonly perm: number
  readonly topicSysFlag: number
}

/** One broker: a master and its slaves under one name. */
export interface BrokerData {
  readonly cluster: string
  readonly brokerName: string
  /** `host:port` by broker id; id 0 is the master. */
  readonly brokerAddrs: ReadonlyMap<number, string>
  /** Whether a slave may stand in for the master at id 0. */
  readonly enableActingMaster: boolean
}

/** What one broker tells about the logical queues of a static topic. */
export interface StaticQueues {
  readonly brokerName: string
  readonly scope: string
  readonly totalQueues: number
}

/** All brokers that a name server knows (code 106). */
export interface ClusterInfo {
  readonly brokers: ReadonlyMap<string, BrokerData>
  /** Broker names by cluster. */
  readonly clusters: ReadonlyMap<string, readonly string[]>
}

/** More queues than any topic has, on all brokers together: more are damage and would only fill the memory. */
export const MAX_QUEUES = 65_536

/** Reads standard JSON and the older form with bare broker ids. */
export const decodeTopicRoute = (body: Buffer): TopicRoute => {
  const route = shapeOfBody(body, 'topic route')
  const orderTopicConf = optionalTextAt(route, 'orderTopicConf')
  const staticQueues = shapesByName(route, 'topicQueueMappingByBroker').map(([brokerName, mapping]) => ({
    brokerName,
    scope: textAt(mapping, 'scope'),
    totalQueues: queueCountAt(mapping, 'totalQueues'),
  }))
  const queueDatas = shapesAt(route, 'queueDatas').map(queueDataOf)
  checkTotal(
    'queueDatas',
    queueDatas.map(queues => [queues, Math.max(queues.readQueueNums, queues.writeQueueNums)]),
  )
  checkTotal(
    'topicQueueMappingByBroker',
    staticQueues.map(({ scope, totalQueues }) => [scope, totalQueues]),
  )
  return {
    ...(orderTopicConf === undefined ? {} : { orderTopicConf }),
    queueDatas,
    brokerDatas: shapesAt(route, 'brokerDatas').map(brokerDataOf),
    isStatic: staticQueues.length > 0,
    ...(staticQueues.length === 0 ? {} : { staticQueues }),
  }
}

/** Of owners that are the same, the largest count counts. */
const checkTotal = (name: string, counts: readonly (readonly [unknown, number])[]): void => {
  const most = new Map<unknown, number>()
  for (const [owner, count] of counts) most.set(owner, Math.max(most.get(owner) ?? 0, count))
  const total = [...most.values()].reduce((sum, count) => sum + count, 0)
  if (total > MAX_QUEUES) {
    throw decodeFailed(`topic route.${name}: expected at most ${MAX_QUEUES} queues in all, not ${total}`)
  }
}

const queueDataOf = (queues: Shape): QueueData => ({
  brokerName: textAt(queues, 'brokerName'),
  readQueueNums: queueCountAt(queues, 'readQueueNums'),
  writeQueueNums: queueCountAt(queues, 'writeQueueNums'),
  perm: intAt(queues, 'perm'),
  topicSysFlag: intAt(queues, 'topicSysFlag', 0),
})

const queueCountAt = (shape: Shape, name: string): number => {
  const count = intAt(shape, name)
  if (count < 0 || count > MAX_QUEUES)
    throw decodeFailed(`${shape.path}.${name}: expected 0 to ${MAX_QUEUES} queues, not ${count}`)
  return count
}

const brokerDataOf = (broker: Shape): BrokerData => ({
  cluster: textAt(broker, 'cluster', ''),
  brokerName: textAt(broker, 'brokerName'),
  brokerAddrs: new Map(
    textsByName(broker, 'brokerAddrs').map(([id, address]) => [brokerIdOf(id, broker.path), address]),
  ),
  enableActingMaster: boolAt(broker, 'enableActingMaster', false),
})

/** Ids beyond 2^53 become the nearest number: nobody calculates with the id of a slave. */
const brokerIdOf = (key: string, path: string): number => {
  if (!/^-?\d+$/.test(key)) throw decodeFailed(`${path}.brokerAddrs: expected broker ids as keys`)
  return Number(key)
}

/** Writes standard JSON, as a name server does for `acceptStandardJsonOnly`. */
export const encodeTopicRoute = (route: TopicRoute): Buffer =>
  Buffer.from(
    JSON.stringify({
      brokerDatas: route.brokerDatas.map(jsonOfBroker),
      filterServerTable: {},
      orderTopicConf: route.orderTopicConf,
      queueDatas: route.queueDatas,
      topicQueueMappingByBroker: route.staticQueues && jsonOfStaticQueues(route.staticQueues),
    }),
  )

const jsonOfStaticQueues = (staticQueues: readonly StaticQueues[]): object =>
  Object.fromEntries(
    staticQueues.map(({ brokerName, scope, totalQueues }) => [brokerName, { bname: brokerName, scope, totalQueues }]),
  )

const jsonOfBroker = (broker: BrokerData): object => ({
  brokerAddrs: Object.fromEntries(broker.brokerAddrs),
  brokerName: broker.brokerName,
  cluster: broker.cluster,
  enableActingMaster: broker.enableActingMaster,
})

/** Reads the body of code 106. Throws ERR_RMQ_DECODE. */
export const decodeClusterInfo = (body: Buffer): ClusterInfo => {
  const info = shapeOfBody(body, 'cluster info')
  return {
    brokers: new Map(shapesByName(info, 'brokerAddrTable').map(([name, broker]) => [name, brokerDataOf(broker)])),
    clusters: new Map(textListsByName(info, 'clusterAddrTable')),
  }
}

/** Writes standard JSON; the official name server leaves the broker ids bare here. */
export const encodeClusterInfo = (info: ClusterInfo): Buffer =>
  Buffer.from(
    JSON.stringify({
      brokerAddrTable: Object.fromEntries([...info.brokers].map(([name, broker]) => [name, jsonOfBroker(broker)])),
      clusterAddrTable: Object.fromEntries(info.clusters),
    }),
  )
