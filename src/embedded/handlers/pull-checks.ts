import type { HeaderOf } from '../../protocol/requests/fields.ts'
import type { Fields } from '../../protocol/frames/frame.ts'
import { isReadable } from '../../protocol/permissions.ts'
import type { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { sqlSubscription, type SubscriptionData, tagSubscription } from '../../protocol/subscription.ts'
import { PULL_FLAG } from '../../protocol/sys-flags.ts'
import { attempted, type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import { filterOf, type Passes } from '../filters.ts'

export type PullHeader = HeaderOf<typeof REQUESTS.PULL_MESSAGE.asks>

/** What `forbiddenType` says to a client that may not pull. */
const FORBIDDEN = { GROUP: '2', TOPIC: '3', BROADCASTING: '4' } as const

export interface PullRefusal extends Refusal {
  readonly fields?: Fields
}

/** What a pull is filtered by, or why there is no pull; the first rule that is broken decides. */
export const admitPull = (context: BrokerContext, header: PullHeader): Passes | PullRefusal => {
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
  const isOwn = (header.sysFlag & PULL_FLAG.SUBSCRIPTION) !== 0
  const subscription = isOwn
    ? ownSubscription(header)
    : heartbeatSubscription(context, header, group.consumeBroadcastEnable)
  if ('remark' in subscription) return subscription
  const unreadable = isOwn ? RESPONSE.SUBSCRIPTION_PARSE_FAILED : RESPONSE.FILTER_DATA_NOT_EXIST
  const passes = filterFor(subscription, unreadable)
  return typeof passes === 'function' ? (refuseType(context, subscription) ?? passes) : passes
}

export const filterFor = (subscription: SubscriptionData, unreadable: number): Passes | Refusal => {
  const read = attempted(() => filterOf(subscription))
  return typeof read === 'string' ? refusal(unreadable, read) : read
}

/** As the official broker unless it is told otherwise: by tags only. */
export const refuseType = (
  { filtersByProperties }: BrokerContext,
  { expressionType }: SubscriptionData,
): Refusal | undefined =>
  filtersByProperties || expressionType === 'TAG'
    ? undefined
    : refusal(RESPONSE.SYSTEM_ERROR, `filters of type ${expressionType} are off at this broker: enablePropertyFilter`)

/** Why a consumer with such a subscription need not even start. */
export const refuseFilter = (context: BrokerContext, subscription: SubscriptionData): Refusal | undefined => {
  const off = refuseType(context, subscription)
  if (off !== undefined || subscription.expressionType === 'TAG') return off
  const passes = filterFor(subscription, RESPONSE.SUBSCRIPTION_PARSE_FAILED)
  return typeof passes === 'function' ? undefined : passes
}

type OwnFilter = Pick<PullHeader, 'topic' | 'subscription' | 'subVersion' | 'expressionType'>

/** The request brings its subscription along, as lite pull consumers do. */
export const ownSubscription = ({ topic, subscription, subVersion, expressionType = '' }: OwnFilter) => {
  const read = attempted(() =>
    expressionType === '' || expressionType === 'TAG'
      ? tagSubscription(topic, subscription, subVersion)
      : { ...sqlSubscription(topic, subscription ?? '', subVersion), expressionType },
  )
  return typeof read === 'string' ? refusal(RESPONSE.SUBSCRIPTION_PARSE_FAILED, read) : read
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
