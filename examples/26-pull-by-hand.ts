import {
  decodeTopicRoute,
  masterOf,
  messageBody,
  pullFlags,
  readHeader,
  readStoredMessages,
  requestFrame,
  REQUESTS,
  RESPONSE,
  subscribeQueues,
  toLong,
  writeHeader,
} from 'rocketmq-rxjs/protocol'
import { codecs, createClient, message, topic } from 'rocketmq-rxjs'
import { firstOf, openSocket } from './asking.ts'
import { openCluster, perRun } from './cluster.ts'

/**
 * What a consumer does, by hand, for one queue: ask how far the group is, pull from there, process, say how far it is now.
 * Nothing here retries, shares queues with others, or holds back: that is what consumers are for.
 */
await using cluster = await openCluster()
await using client = createClient(cluster.config)
const jobs = topic(perRun('jobs'), codecs.text)
const sent = await client.producer().send(message(jobs, 'job 0'))
for (let n = 1; n < 50; n++) await client.producer().send(message(jobs, `job ${n}`), { queue: sent.queue })

const { queueId, brokerName } = sent.queue
const { GET_ROUTEINFO_BY_TOPIC, QUERY_CONSUMER_OFFSET, PULL_MESSAGE, UPDATE_CONSUMER_OFFSET } = REQUESTS
using nameServer = openSocket(firstOf(cluster.config.nameServers))
const routed = await nameServer.ask(
  requestFrame(GET_ROUTEINFO_BY_TOPIC.code, {
    opaque: 1,
    fields: writeHeader(GET_ROUTEINFO_BY_TOPIC.asks, { topic: jobs.name, acceptStandardJsonOnly: true }),
  }),
)
const route = decodeTopicRoute(routed.body)
console.log(`${subscribeQueues(jobs.name, route).length} queues, of which one is read`)
using broker = openSocket(masterOf(route, brokerName) ?? '')

const queue = { consumerGroup: perRun('by_hand'), topic: jobs.name, queueId }
let opaque = 1
const known = await broker.ask(
  requestFrame(QUERY_CONSUMER_OFFSET.code, {
    opaque: ++opaque,
    fields: writeHeader(QUERY_CONSUMER_OFFSET.asks, { ...queue, setZeroIfNotFound: false }),
  }),
)
let next = known.code === RESPONSE.SUCCESS ? readHeader(QUERY_CONSUMER_OFFSET.answers, known.fields).offset : toLong(0)

let pulls = 0
let done = 0
for (;;) {
  const answer = await broker.ask(
    requestFrame(PULL_MESSAGE.code, {
      opaque: ++opaque,
      fields: writeHeader(PULL_MESSAGE.asks, {
        ...queue,
        queueOffset: next,
        maxMsgNums: 32,
        sysFlag: pullFlags({ subscription: true }), // not `suspend`: an empty queue answers at once
        commitOffset: toLong(0),
        suspendTimeoutMillis: toLong(0),
        subscription: '*',
        subVersion: toLong(0),
        expressionType: 'TAG',
      }),
    }),
  )
  if (answer.code !== RESPONSE.SUCCESS) break // PULL_NOT_FOUND: nothing more, for now
  pulls++
  for (const stored of readStoredMessages(answer.body).messages) {
    if (messageBody(stored).toString() === `job ${done}`) done++ // the processing
  }
  next = readHeader(PULL_MESSAGE.answers, answer.fields).nextBeginOffset
  await broker.ask(
    requestFrame(UPDATE_CONSUMER_OFFSET.code, {
      opaque: ++opaque,
      fields: writeHeader(UPDATE_CONSUMER_OFFSET.asks, { ...queue, commitOffset: next }),
    }),
  )
}
console.log(`${done} jobs in their order, several pulls: ${pulls > 1}, the group is at ${next.toString()}`)
