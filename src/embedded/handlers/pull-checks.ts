import type { HeaderOf } from '../../protocol/fields.ts'
import type { Fields } from '../../protocol/frame.ts'
import { isReadable } from '../../protocol/permissions.ts'
import type { REQUESTS } from '../../protocol/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { type SubscriptionData, tagSubscription } from '../../protocol/subscription.ts'
import { PULL_FLAG } from '../../protocol/sys-flags.ts'
import { type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'

export type PullHeader = HeaderOf<typeof REQUESTS.PULL_MESSAGE.asks>

/** What `forbiddenType` says to a client that may not pull. */
const FORBIDDEN = { GROUP: '2', TOPIC: '3', BROADCASTING: '4' } as const

export interface PullRefusal extends Refusal {
  readonly fields?: Fields
}

/** The subscription a pull is filtered by, or why there is no pull; the first rule that is broken decides. */
export const admitPull = (context: BrokerContext, header: PullHeader): SubscriptionData | PullRefusal => {
  const { consumerGroup, topic, queueId } = header
  const group = context.groups.ensure(consumerGroup)
  if (group === undefined) {
    return refusal(RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${consumerGroup}" cannot exist: bad name`)
  }
  if (!group.consumeEnable) return forbidden(`consumer group "${consumerGroup}" may not consume`, FORBIDDEN.GROUP)
  const config = context.topics.get(topic)
  if (config === undefined) {
    return refusal(RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist: create it first`)
  }
  if (!isReadable(config.perm)) return forbidden(`topic "${topic}" is not readable`, FORBIDDEN.TOPIC)
  if (queueId < 0 || queueId >= config.readQueues) {
    return refusal(
      RESPONSE.INVALID_PARAMETER,
      `topic "${topic}" has no readable queue ${queueId}, it has ${config.readQueues}`,
    )
  }
  const subscription =
    (header.sysFlag & PULL_FLAG.SUBSCRIPTION) === 0
      ? heartbeatSubscription(context, header, group.consumeBroadcastEnable)
      : ownSubscription(header)
  if ('remark' in subscription || subscription.expressionType === 'TAG') return subscription
  return refuseFilter(subscription.expressionType)
}

/** Only tags can be filtered by. */
export const refuseFilter = (type: string): Refusal =>
  refusal(RESPONSE.SYSTEM_ERROR, `filters of type ${type} are disabled on this broker`)

/** The request brings its subscription along, as lite pull consumers do. */
const ownSubscription = (header: PullHeader): SubscriptionData | PullRefusal => {
  const type = header.expressionType === undefined || header.expressionType === '' ? 'TAG' : header.expressionType
  try {
    const subscription = tagSubscription(header.topic, header.subscription, header.subVersion)
    return { ...subscription, expressionType: type }
  } catch {
    return refusal(RESPONSE.SUBSCRIPTION_PARSE_FAILED, `the subscription to topic "${header.topic}" names no tag`)
  }
}

/** The subscription of the group's latest heartbeat counts, whatever type the request names: Go always says TAG. */
const heartbeatSubscription = (
  { members }: BrokerContext,
  header: PullHeader,
  mayBroadcast: boolean,
): SubscriptionData | PullRefusal => {
  const { consumerGroup, topic } = header
  const group = members.group(consumerGroup)
  if (group === undefined) {
    return refusal(
      RESPONSE.SUBSCRIPTION_NOT_EXIST,
      `consumer group "${consumerGroup}" has no member here: heartbeat first`,
    )
  }
  if (group.messageModel === 'BROADCASTING' && !mayBroadcast) {
    return forbidden(`consumer group "${consumerGroup}" may not broadcast`, FORBIDDEN.BROADCASTING)
  }
  const subscription = group.subscriptions.get(topic)
  if (subscription === undefined) {
    return refusal(
      RESPONSE.SUBSCRIPTION_NOT_EXIST,
      `the latest heartbeat of consumer group "${consumerGroup}" does not subscribe to topic "${topic}"`,
    )
  }
  if (subscription.subVersion.lessThan(header.subVersion)) {
    return refusal(
      RESPONSE.SUBSCRIPTION_NOT_LATEST,
      `consumer group "${consumerGroup}" has sent no heartbeat with its latest subscription to topic "${topic}"`,
    )
  }
  return subscription
}

const forbidden = (remark: string, forbiddenType: string): PullRefusal => ({
  code: RESPONSE.NO_PERMISSION,
  remark,
  fields: { forbiddenType },
})
