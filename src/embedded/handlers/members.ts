import { decodeClientCheck, decodeHeartbeat, encodeConsumerIds } from '../../protocol/bodies/bodies.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, success, successWithBody } from '../answers.ts'
import { type BrokerContext, notifyMembers } from '../broker-context.ts'
import type { Member } from '../members.ts'
import type { Handler } from '../server.ts'
import { refuseFilter } from './pull-checks.ts'

/**
 * Who a client is: its groups and their subscriptions. Taken in completely before the answer, because the client asks
 * for the members right after it. The answer offers no second heartbeat version, so clients send whole ones.
 */
export const heartBeat: Handler<BrokerContext> = (context, request, connection) => {
  const { clientId, consumers, producerGroups } = decodeHeartbeat(request.body)
  const member: Member = {
    clientId,
    language: request.language,
    version: request.version,
    seenMs: context.timers.now(),
  }
  for (const group of producerGroups) context.members.produce(connection, member, group)
  for (const consumer of consumers) {
    const config = context.groups.ensure(consumer.groupName)
    // As in the official broker, a group that cannot exist is passed over without a word.
    if (config === undefined) continue
    context.topics.retryTopic(consumer.groupName, config.retryQueueNums)
    if (context.members.join(connection, member, consumer)) notifyMembers(context, consumer.groupName)
  }
  return success(request)
}

export const unregisterClient: Handler<BrokerContext> = (context, request, connection) => {
  const { consumerGroup, producerGroup } = readHeader(REQUESTS.UNREGISTER_CLIENT.asks, request.fields)
  if (producerGroup !== undefined) context.members.stopProducing(connection, producerGroup)
  if (consumerGroup !== undefined && context.members.leave(connection, consumerGroup)) {
    notifyMembers(context, consumerGroup)
  }
  return success(request)
}

export const consumerIds: Handler<BrokerContext> = ({ members }, request) => {
  const { consumerGroup } = readHeader(REQUESTS.GET_CONSUMER_LIST_BY_GROUP.asks, request.fields)
  const group = members.group(consumerGroup)
  if (group === undefined) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `consumer group "${consumerGroup}" has no member here`)
  }
  return successWithBody(request, encodeConsumerIds([...group.members.values()].map(member => member.clientId)))
}

/** A consumer that filters by more than tags asks before it starts whether this broker can, and starts only if it can. */
export const checkClient: Handler<BrokerContext> = (context, request) => {
  const { subscription } = decodeClientCheck(request.body)
  const refused = subscription && refuseFilter(context, subscription)
  return refused === undefined ? success(request) : failure(request, refused.code, refused.remark)
}
