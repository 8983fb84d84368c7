import type Long from 'long'
import { illegal } from '../errors.ts'
import { javaHash } from './hashes.ts'
import { javaTrim } from './java-trim.ts'

const ALL_TAGS = '*'

/** What one group wants of one topic, as it stands in heartbeats (`SubscriptionData`). */
export interface SubscriptionData {
  readonly topic: string
  /** The expression as given; `*` for everything. */
  readonly subString: string
  readonly tagsSet: readonly string[]
  /** `tagCode` of every tag: what the broker compares. */
  readonly codeSet: readonly number[]
  /** When the subscription was made, ms (the Go client: ns). The broker keeps the newest. */
  readonly subVersion: Long
  /** `TAG` or `SQL92`. */
  readonly expressionType: string
  readonly classFilterMode: boolean
}

/**
 * A subscription by tags: `TagA || TagB`; nothing, the empty text and `*` mean every message. Throws `ERR_RMQ_ILLEGAL`
 * when there are only separators. Only blanks are accepted, as in the official parser, and then match nothing.
 */
export const tagSubscription = (topic: string, expression: string | undefined, subVersion: Long): SubscriptionData => {
  if (expression === undefined || expression === '' || expression === ALL_TAGS) {
    return subscription(topic, ALL_TAGS, 'TAG', subVersion, [])
  }
  const pieces = expression.split('||')
  if (pieces.every(piece => piece === '')) {
    throw illegal(`subscription "${expression.slice(0, 64)}" to topic "${topic}" names no tag: expected at least one`, {
      topic,
    })
  }
  const tags = pieces.map(javaTrim).filter(tag => tag !== '')
  return subscription(topic, expression, 'TAG', subVersion, [...new Set(tags)])
}

/** A subscription that the broker evaluates, if it may (`enablePropertyFilter`). Throws `ERR_RMQ_ILLEGAL` when it is empty. */
export const sqlSubscription = (topic: string, expression: string, subVersion: Long): SubscriptionData => {
  if (expression === '') throw illegal(`the SQL92 subscription to topic "${topic}" is empty`, { topic })
  return subscription(topic, expression, 'SQL92', subVersion, [])
}

/** Whether a client keeps a message: different tags may have one code, so it looks at the text. */
export const matchesTag = (subscription: SubscriptionData, tag: string | undefined): boolean => {
  if (subscription.tagsSet.length === 0 || subscription.classFilterMode) return true
  return tag !== undefined && subscription.tagsSet.includes(tag)
}

/** Whether a broker delivers a message, by nothing but the code of its tag; SQL92 is decided elsewhere. */
export const matchesTagCode = (subscription: SubscriptionData, code: number): boolean =>
  subscription.classFilterMode ||
  subscription.expressionType !== 'TAG' ||
  subscription.subString === ALL_TAGS ||
  subscription.codeSet.includes(code)

const subscription = (
  topic: string,
  subString: string,
  expressionType: string,
  subVersion: Long,
  tagsSet: readonly string[],
): SubscriptionData => ({
  topic,
  subString,
  tagsSet,
  codeSet: [...new Set(tagsSet.map(javaHash))],
  subVersion,
  expressionType,
  classFilterMode: false,
})
