import Long from 'long'
import { isReadable } from '../../protocol/permissions.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { type Refusal, refusal } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Passes } from '../filters.ts'
import { filterFor, ownSubscription, refuseType } from './pull-checks.ts'

/** What requests about popping have in common. */
interface PopAsk {
  readonly consumerGroup: string
  readonly topic: string
  readonly queueId: number
}

/** The queues that a pop is about, or why there is none; a negative queue id means all of the broker. */
export const admitPop = (
  context: BrokerContext,
  { consumerGroup, topic, queueId }: PopAsk,
): readonly number[] | Refusal => {
  const config = context.topics.get(topic)
  if (config === undefined) {
    return refusal(RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist: create it first`)
  }
  if (!isReadable(config.perm)) return refusal(RESPONSE.NO_PERMISSION, `topic "${topic}" is not readable`)
  if (queueId >= config.readQueues) {
    return refusal(
      RESPONSE.INVALID_PARAMETER,
      `topic "${topic}" has no readable queue ${queueId}, it has ${config.readQueues}`,
    )
  }
  const group = context.groups.ensure(consumerGroup)
  if (group === undefined) {
    return refusal(RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${consumerGroup}" cannot exist: bad name`)
  }
  if (!group.consumeEnable) {
    return refusal(RESPONSE.NO_PERMISSION, `consumer group "${consumerGroup}" may not consume`)
  }
  return queueId < 0 ? Array.from({ length: config.readQueues }, (_, id) => id) : [queueId]
}

/** A filter that comes with the request. */
interface FilteredAsk {
  readonly topic: string
  readonly expType?: string | undefined
  readonly exp?: string | undefined
}

/** Which messages a pop may be given: it brings its filter along. */
export const popFilter = (context: BrokerContext, { topic, expType = '', exp }: FilteredAsk): Passes | Refusal => {
  const own = ownSubscription({ topic, subscription: exp, subVersion: Long.ZERO, expressionType: expType })
  if ('remark' in own) return own
  return refuseType(context, own) ?? filterFor(own, RESPONSE.SUBSCRIPTION_PARSE_FAILED)
}
