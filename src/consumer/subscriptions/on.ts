import { kindOf } from '../../client/check-kinds.ts'
import { illegal } from '../../errors.ts'
import type { MessageFilter, SubscriptionSpec, Topic } from '../../messages/topic.ts'
import { checkFilter } from './subscription-rules.ts'

/**
 * A subscription to a topic: `on(orders, { tags: 'new || paid' })`. Default: every message. A bad option
 * throws ERR_RMQ_ILLEGAL and names itself; the name of the topic the consumer looks at, and what an expression says,
 * brokers.
 */
export const on = <const N extends string, T>(
  topic: Topic<N, T>,
  filter: MessageFilter = {},
): SubscriptionSpec<N, T> => {
  const given: unknown = filter
  // a text would be taken for no options, which is a subscription to everything
  if (Object(given) !== given || Array.isArray(given)) {
    throw illegal(`the options of on() are ${kindOf(given)}: expected { tags: "a || b" }`)
  }
  if ('topic' in filter) throw illegal('topic is not an option of a subscription: it comes first, on(topic, { tags })')
  const { tags = '*', ...others } = filter
  const spec = { ...others, topic, tags }
  checkFilter(spec)
  return spec
}
