import { encodeClusterInfo, encodeTopicRoute, type BrokerData } from '../../protocol/bodies/bodies.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, successWithBody } from '../answers.ts'
import type { RoutedBroker, RouteTable } from '../route-table.ts'
import type { Handler, HandlerTable } from '../server.ts'

const topicRoute: Handler<RouteTable> = (table, request) => {
  const { topic } = readHeader(REQUESTS.GET_ROUTEINFO_BY_TOPIC.asks, request.fields)
  const holders = table.brokers().flatMap(broker => {
    const config = broker.topics.get(topic)
    return config === undefined ? [] : [{ broker, config }]
  })
  if (holders.length === 0) {
    return failure(request, RESPONSE.TOPIC_NOT_EXIST, `no broker that is up has topic "${topic}"`)
  }
  return successWithBody(
    request,
    encodeTopicRoute({
      isStatic: false,
      brokerDatas: holders.map(({ broker }) => brokerData(broker)),
      queueDatas: holders.map(({ broker, config }) => ({
        brokerName: broker.name,
        perm: config.perm,
        readQueueNums: config.readQueues,
        topicSysFlag: 0,
        writeQueueNums: config.writeQueues,
      })),
    }),
  )
}

const clusterInfo: Handler<RouteTable> = (table, request) => {
  const brokers = table.brokers()
  const clusters = new Map<string, string[]>()
  for (const { name, clusterName } of brokers) clusters.set(clusterName, [...(clusters.get(clusterName) ?? []), name])
  return successWithBody(
    request,
    encodeClusterInfo({ brokers: new Map(brokers.map(broker => [broker.name, brokerData(broker)])), clusters }),
  )
}

const topicList: Handler<RouteTable> = (table, request) => {
  const names = new Set(table.brokers().flatMap(broker => broker.topics.names()))
  return successWithBody(request, Buffer.from(JSON.stringify({ topicList: [...names] })))
}

const brokerData = ({ name, clusterName, address }: RoutedBroker): BrokerData => ({
  cluster: clusterName,
  brokerName: name,
  brokerAddrs: new Map([[0, address]]),
  enableActingMaster: false,
})

/** What a name server is asked by clients. */
export const NAME_SERVER_HANDLERS: HandlerTable<RouteTable> = new Map([
  [REQUESTS.GET_ROUTEINFO_BY_TOPIC.code, topicRoute],
  [REQUESTS.GET_BROKER_CLUSTER_INFO.code, clusterInfo],
  [REQUESTS.GET_ALL_TOPIC_LIST_FROM_NAMESERVER.code, topicList],
])
