import Long from 'long'
import { codecs } from '../../messages/codecs.ts'
import type { Codec } from '../../messages/codecs.ts'
import type { SubscriptionSpec } from '../../messages/topic.ts'
import type { ConsumerData } from '../../protocol/bodies/bodies.ts'
import { retryTopicOf } from '../../protocol/names.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import { matchesTag, sqlSubscription, tagSubscription } from '../../protocol/subscription.ts'
import type { SubscriptionData } from '../../protocol/subscription.ts'
import type { ConsumerSettings } from '../options.ts'
import { MOST_SUBSCRIPTIONS } from './subscription-rules.ts'
import type { SubscriptionSet } from './subscription-set.ts'

/** What a group subscribes to: its topics, and the retry topic to which failed messages return. */
export interface Subscriptions {
  readonly topics: readonly string[]
  of(topic: string): SubscriptionData | undefined
  /** The broker compares only hashes of tags, so the text is compared here. */
  accepts(topic: string, stored: StoredMessage): boolean
  codecOf(topic: string): Codec<unknown>
  data(): ConsumerData
}

type SubscribingSettings = Pick<
  ConsumerSettings,
  'group' | 'subscriptions' | 'model' | 'acknowledge' | 'startFrom' | 'polled'
> &
  Partial<Pick<ConsumerSettings, 'assign'>>

/** As brokers are told of it. */
export const subscriptionData = ({ topic, tags, sql }: SubscriptionSpec, subVersion: Long): SubscriptionData =>
  sql === undefined ? tagSubscription(topic.name, tags, subVersion) : sqlSubscription(topic.name, sql, subVersion)

/** @param version creation time in ms: brokers keep the newest */
export const createSubscriptions = (
  { group, subscriptions: specs, model, acknowledge, startFrom, assign = 'auto', polled = false }: SubscribingSettings,
  version: number,
): Subscriptions => {
  const subVersion = Long.fromNumber(version)
  const all = [
    ...specs.map(spec => subscriptionData(spec, subVersion)),
    ...(model === 'clustering' && acknowledge === 'offset' && !polled
      ? [tagSubscription(retryTopicOf(group), '*', subVersion)]
      : []),
  ]
  const where = startFrom instanceof Date ? 'timestamp' : startFrom
  const consumeType = polled ? 'CONSUME_ACTIVELY' : PUSHED[acknowledge]
  const byTopic = new Map(all.map(subscription => [subscription.topic, subscription]))
  const codecByTopic = new Map(specs.map(({ topic }) => [topic.name, topic.codec]))
  return {
    topics: all.map(({ topic }) => topic),
    of: topic => byTopic.get(topic),
    accepts: (topic, stored) => {
      const subscription = byTopic.get(topic)
      if (subscription === undefined || subscription.tagsSet.length === 0) return true
      return matchesTag(subscription, stored.properties[PROPERTY.TAGS])
    },
    codecOf: topic => codecByTopic.get(topic) ?? codecs.buffer,
    data: () => ({
      groupName: group,
      consumeType,
      messageModel: model === 'clustering' ? 'CLUSTERING' : 'BROADCASTING',
      consumeFromWhere: FROM_WHERE[polled ? 'last' : where], // lite pull says so whatever it does, in Java
      // who chooses its queues takes no part in sharing them out: each of its pulls says what it wants
      subscriptions: polled && assign !== 'auto' ? [] : all,
    }),
  }
}

/** The same of a set that changes: what it says now, under its newest version. */
export const createLiveSubscriptions = (
  settings: Omit<SubscribingSettings, 'subscriptions'>,
  set: Pick<SubscriptionSet, 'active' | 'version'>,
): Subscriptions => {
  const codecByTopic = new Map<string, Codec<unknown>>() // also of former ones: what is in hand is still to be read
  const derive = (): Subscriptions => {
    const specs = set.active()
    for (const { topic } of specs) {
      codecByTopic.delete(topic.name)
      codecByTopic.set(topic.name, topic.codec)
    }
    for (const [oldest] of codecByTopic) {
      if (codecByTopic.size <= 2 * MOST_SUBSCRIPTIONS) break
      codecByTopic.delete(oldest)
    }
    return createSubscriptions({ ...settings, subscriptions: specs }, set.version)
  }
  let derived = derive()
  let version = set.version
  const now = (): Subscriptions => {
    if (set.version !== version) {
      version = set.version
      derived = derive()
    }
    return derived
  }
  return {
    get topics() {
      return now().topics
    },
    of: topic => now().of(topic),
    accepts: (topic, stored) => now().accepts(topic, stored),
    codecOf: topic => {
      now()
      return codecByTopic.get(topic) ?? codecs.buffer
    },
    data: () => now().data(),
  }
}

const PUSHED = { offset: 'CONSUME_PASSIVELY', pop: 'CONSUME_POP' } as const

const FROM_WHERE = {
  first: 'CONSUME_FROM_FIRST_OFFSET',
  last: 'CONSUME_FROM_LAST_OFFSET',
  timestamp: 'CONSUME_FROM_TIMESTAMP',
} as const
