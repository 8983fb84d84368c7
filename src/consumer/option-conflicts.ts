import { wrong } from '../client/problems.ts'
import { illegal } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { SubscriptionSpec } from '../messages/topic.ts'
import { retryTopicOf } from '../protocol/names.ts'

interface Together {
  readonly group: string
  readonly subscriptions: readonly SubscriptionSpec[]
  readonly model: 'clustering' | 'broadcasting'
  readonly delivery: 'at-least-once' | 'at-most-once'
  readonly acknowledge: 'offset' | 'pop'
  readonly autoCommit: boolean
  readonly startFrom: unknown
  readonly assign: 'auto' | readonly QueueRef[]
}

/** Options that are good alone and cannot work together, each told by its name. */
export const checkConflicts = (
  given: { readonly allocate?: unknown; readonly offsets?: unknown },
  { group, subscriptions, model, delivery, acknowledge, autoCommit, startFrom, assign }: Together,
): void => {
  const refuse = (why: string): void => wrong(illegal(why), undefined)
  if (isOwnRule(given) && model === 'broadcasting') {
    refuse("allocate and model 'broadcasting' exclude each other: nothing is shared out, each member has all queues")
  }
  if (acknowledge === 'pop') {
    const excluded = [
      model === 'broadcasting' && "model 'broadcasting'",
      delivery === 'at-most-once' && "delivery 'at-most-once'",
      startFrom instanceof Date && 'a Date as startFrom',
      given.offsets !== undefined && 'offsets',
      !autoCommit && 'autoCommit false',
      assign !== 'auto' && 'a list of assign',
    ].filter(text => text !== false)
    for (const text of excluded) refuse(`acknowledge 'pop' and ${text} exclude each other: brokers keep the progress`)
  }
  if (!autoCommit && delivery === 'at-most-once') {
    refuse(
      "autoCommit false and delivery 'at-most-once' exclude each other: there, messages are handed out after a commit",
    )
  }
  if (assign === 'auto') return
  checkNothingShared(given)
  const topics = [...subscriptions.map(({ topic }) => topic.name), retryTopicOf(group)]
  for (const why of problemsOf(assign, topics)) refuse(why)
}

const isOwnRule = ({ allocate }: { readonly allocate?: unknown }): boolean =>
  allocate !== undefined && allocate !== 'average'

/** With a list of queues, a rule of sharing them out says nothing. */
export const checkNothingShared = (given: { readonly allocate?: unknown }): void => {
  if (isOwnRule(given)) {
    wrong(illegal('allocate and a list of assign exclude each other: nothing is shared out'), undefined)
  }
}

/** What is wrong with a list of queues that are chosen: each is named once, and of a topic that says how it is read. */
export const problemsOf = (assign: readonly QueueRef[], topics: readonly string[]): readonly string[] => {
  const keys = assign.map(queueKey)
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  const foreign = assign.find(({ topic }) => !topics.includes(topic))
  return [
    ...(twice === undefined ? [] : [`assign names queue ${twice} twice`]),
    ...(foreign === undefined ? [] : [`assign names queue ${queueKey(foreign)}, whose topic subscribe does not name`]),
  ]
}
