import {
  decodeTopicRoute,
  masterOf,
  publishQueues,
  requestFrame,
  REQUESTS,
  RESPONSE,
  responseName,
  writeHeader,
} from 'rocketmq-rxjs/protocol'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { firstOf, openSocket } from './asking.ts'
import { openCluster, perRun } from './cluster.ts'

/**
 * Below the client: `rocketmq-rxjs/protocol` turns values into bytes and back, and knows nothing of sockets. With a socket
 * of your own, that is enough to ask a name server for the route of a topic.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const orders = topic(perRun('orders'), codecs.text)
await client.producer().send(message(orders, 'so that there is a route to ask for'))

using nameServer = openSocket(firstOf(cluster.config.nameServers)) // `cutFrames` and `decodeFrame` at work

// A request is a code and a row of header fields; `opaque` is the number by which its answer is known.
const { code, asks } = REQUESTS.GET_ROUTEINFO_BY_TOPIC
const routeOf = (name: string, opaque: number) =>
  nameServer.ask(
    requestFrame(code, { opaque, fields: writeHeader(asks, { topic: name, acceptStandardJsonOnly: true }) }),
  )

const answer = await routeOf(orders.name, 1)
console.log(`${responseName(answer.code)}: ${answer.body.length > 0 ? 'a body of JSON' : 'no body'}`)

const route = decodeTopicRoute(answer.body)
const queues = publishQueues(orders.name, route)
for (const { brokerName, queueId } of queues) {
  console.log(`queue ${queueId} of ${brokerName}, at ${masterOf(route, brokerName)}`)
}

// No answer is an error by itself: what the code means is for the asker to say.
const missing = await routeOf(perRun('nobody_knows_it'), 2)
const isMissing = missing.code === RESPONSE.TOPIC_NOT_EXIST
console.log(
  `${queues.length > 0 ? 'found' : 'lost'} the queues by hand; of another topic: ${isMissing ? 'no route' : '?'}`,
)
