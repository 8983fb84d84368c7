import Long from 'long'
import { encodeConsumeStats, encodeGroupConnections } from '../../protocol/bodies/bodies.ts'
import type { QueueLag } from '../../protocol/bodies/bodies.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

/** Who is in a group, and what the latest heartbeat of any of them said. */
export const consumerConnections: Handler<BrokerContext> = ({ members }, request) => {
  const { consumerGroup } = readHeader(REQUESTS.GET_CONSUMER_CONNECTION_LIST.asks, request.fields)
  const group = members.group(consumerGroup)
  if (group === undefined) {
    return failure(request, RESPONSE.CONSUMER_NOT_ONLINE, `consumer group "${consumerGroup}" has no member here`)
  }
  const connections = [...group.members].map(([{ remote }, { clientId, language = 'OTHER', version }]) => ({
    clientAddr: `${remote.address}:${remote.port}`,
    clientId,
    language,
    version,
  }))
  const { consumeType, messageModel, consumeFromWhere } = group
  const subscriptions = [...group.subscriptions.values()]
  const body = encodeGroupConnections({ connections, consumeType, messageModel, consumeFromWhere, subscriptions })
  return successWithBody(request, body)
}

/** How far a group is: in one topic, in those of a list, or in all of which it has offsets. */
export const consumeStats: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.GET_CONSUME_STATS.asks, request.fields)
  const { consumerGroup } = header
  const online = context.members.group(consumerGroup)
  const listed = header.topicList?.split(';').filter(topic => topic !== '') ?? []
  const named = header.topic === undefined || header.topic === '' ? listed : [header.topic]
  const topics = (named.length > 0 ? named : context.offsets.topicsOf(consumerGroup)).filter(
    topic => online?.subscriptions.has(topic) !== false,
  )
  const queues = topics.flatMap(topic => lagsOf(context, consumerGroup, topic))
  return successWithBody(request, encodeConsumeStats({ consumeTps: 0, queues }))
}

const lagsOf = ({ log, name, offsets, topics }: BrokerContext, group: string, topic: string): readonly QueueLag[] =>
  Array.from({ length: topics.get(topic)?.readQueues ?? 0 }, (_, queueId) => {
    const queue = log.existing(topic, queueId)
    const consumerOffset = offsets.get(group, topic, queueId) ?? Long.ZERO
    return {
      queue: { topic, brokerName: name, queueId },
      brokerOffset: Long.fromNumber(queue?.range().max ?? 0),
      consumerOffset,
      pullOffset: consumerOffset, // where the group was pulled to is not remembered
      lastTimestamp: queue?.at(consumerOffset.toNumber() - 1)?.storeTimestamp ?? 0,
    }
  })
