import { checkNames } from '../client/check-names.ts'
import { optionsOf } from '../client/check-kinds.ts'
import { checkedInt } from '../client/checks.ts'
import { resolveClientConfig } from '../client/config.ts'
import type { ClientConfig } from '../client/config.ts'
import { collected, noted } from '../client/problems.ts'
import { on } from '../consumer/subscriptions/on.ts'
import { checkSubscription } from '../consumer/subscriptions/subscription-rules.ts'
import { illegal } from '../errors.ts'
import { topic as topicOf } from '../messages/topic.ts'
import { checkOwnGroup } from '../producer/options.ts'
import { checkTopic, isDeadLetterTopic, isRetryTopic, isSystemTopic } from '../protocol/names.ts'

/** What `topicCoordinator()` is told besides how to reach the cluster. */
export interface TopicCoordinatorOptions {
  /**
   * Where outcomes are told; for nothing else. Default `broker_outcomes`. It should be there, with a queue at each broker:
   * one that brokers make by themselves may be at one of them only.
   */
  readonly topic?: string
  /** The group of all that listen there. Default: as the topic. */
  readonly group?: string
  /**
   * How long outcomes gather before one message tells them, ms, 100 to 60,000. Default 500. On the average, and up to
   * 30,000 while more than eight processes tell, so that all together tell hardly more often than these.
   */
  readonly everyMs?: number
}

export interface CoordinatorSettings {
  readonly config: ClientConfig
  readonly topic: string
  readonly group: string
  readonly everyMs: number
}

const NAMES: Readonly<Record<keyof TopicCoordinatorOptions, true>> = { topic: true, group: true, everyMs: true }

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveCoordinatorOptions = (
  config: ClientConfig,
  options?: TopicCoordinatorOptions,
): CoordinatorSettings =>
  collected('topicCoordinator', () => {
    const given = optionsOf('options', options)
    const { topic = 'broker_outcomes', group = topic } = given
    checkNames('topicCoordinator', given, NAMES)
    noted(() => checkOwnTopic(topic))
    if (given.group !== undefined) noted(() => checkOwnGroup(group))
    resolveClientConfig(config)
    return { config, topic, group, everyMs: checkedInt('everyMs', given.everyMs, 500, [100, 60_000]) }
  })

/** What a client may send to and subscribe to, and nobody else reads. */
const checkOwnTopic = (topic: string): void => {
  checkTopic(topic)
  checkSubscription(on(topicOf(topic)))
  if (!isSystemTopic(topic) && !isRetryTopic(topic) && !isDeadLetterTopic(topic)) return
  throw illegal(`topic "${topic}" belongs to brokers: outcomes need one of their own`)
}
