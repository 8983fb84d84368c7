import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import { matchesTagCode, type SubscriptionData } from '../protocol/subscription.ts'
import type { LogRecord } from './queue.ts'
import { compileSql92 } from './sql92.ts'
import { illegal } from '../errors.ts'

/** Whether a stored message is delivered to a subscription. */
export type Passes = (record: LogRecord) => boolean

/** Throws `ERR_RMQ_ILLEGAL` when the expression cannot be read, or is of a type that there is not. */
export const filterOf = (subscription: SubscriptionData): Passes => {
  const { expressionType, subString, classFilterMode } = subscription
  if (classFilterMode || expressionType === 'TAG') return record => matchesTagCode(subscription, record.tagCode)
  if (expressionType !== 'SQL92') throw illegal(`there are no filters of type ${JSON.stringify(expressionType)}`)
  const { matches } = compileSql92(subString)
  return ({ bytes }) => matches(readStoredMessages(bytes).messages[0]?.properties ?? {})
}
