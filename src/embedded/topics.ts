import {
  deadLetterTopicOf,
  HALF_DONE_TOPIC,
  HALF_TOPIC,
  isRetryTopic,
  isSystemTopic,
  replyTopicOf,
  retryTopicOf,
  SCHEDULE_TOPIC,
  TEMPLATE_TOPIC,
  TIMER_TOPIC,
} from '../protocol/names.ts'
import { isInherited, PERM } from '../protocol/permissions.ts'

export interface TopicConfig {
  readonly name: string
  readonly readQueues: number
  readonly writeQueues: number
  /** Bits of `PERM`. */
  readonly perm: number
}

export interface TopicsOptions {
  readonly clusterName: string
  readonly brokerName: string
  readonly autoCreateTopics: boolean
  readonly templateQueues: number
  readonly delayLevels: number
}

/** The topics of one broker. A topic is routed as soon as it is in here. */
export interface Topics {
  get(name: string): TopicConfig | undefined
  names(): readonly string[]
  set(topic: TopicConfig): void
  /** Whether users may create, change or delete a topic of that name. */
  isReserved(name: string): boolean
  /**
   * The topic of a send. An unknown one is created from the template that the send names; a retry topic is created in
   * any case; undefined when it may not be.
   */
  forSend(name: string, template: string, queues: number): TopicConfig | undefined
  /** A group's retry topic, created when it is unknown. */
  retryTopic(group: string, queues: number): TopicConfig
  /** A group's dead-letter topic, one queue, created when it is unknown. */
  deadLetterTopic(group: string): TopicConfig
}

/** What a topic may be used for that nobody says more about. */
export const READ_WRITE = PERM.READ | PERM.WRITE

export const createTopics = (options: TopicsOptions): Topics => {
  const byName = new Map<string, TopicConfig>()
  const set = (topic: TopicConfig): TopicConfig => {
    byName.set(topic.name, topic)
    return topic
  }
  const add = (name: string, queues: number, perm: number): TopicConfig =>
    set({ name, readQueues: queues, writeQueues: queues, perm })

  const replyTopic = replyTopicOf(options.clusterName)
  if (options.autoCreateTopics) add(TEMPLATE_TOPIC, options.templateQueues, READ_WRITE | PERM.INHERIT)
  add(SCHEDULE_TOPIC, options.delayLevels, READ_WRITE)
  add(HALF_TOPIC, 1, READ_WRITE)
  add(HALF_DONE_TOPIC, 1, READ_WRITE)
  add(TIMER_TOPIC, 1, READ_WRITE)
  add('SELF_TEST_TOPIC', 1, READ_WRITE)
  add('OFFSET_MOVED_EVENT', 1, READ_WRITE)
  add(options.clusterName, 16, READ_WRITE | PERM.INHERIT)
  add(options.brokerName, 1, READ_WRITE | PERM.INHERIT)
  add(replyTopic, 1, READ_WRITE)
  const ownNames = new Set([options.clusterName, options.brokerName, replyTopic])

  const fromTemplate = (name: string, template: string, queues: number): TopicConfig | undefined => {
    const model = byName.get(template)
    if (model === undefined || !isInherited(model.perm)) return undefined
    return add(name, Math.max(1, Math.min(queues, model.writeQueues)), model.perm & ~PERM.INHERIT)
  }

  return {
    get: name => byName.get(name),
    names: () => [...byName.keys()],
    set,
    isReserved: name => isSystemTopic(name) || ownNames.has(name),
    forSend: (name, template, queues) =>
      byName.get(name) ??
      fromTemplate(name, template, queues) ??
      (isRetryTopic(name) ? add(name, 1, READ_WRITE) : undefined),
    retryTopic: (group, queues) => {
      const name = retryTopicOf(group)
      return byName.get(name) ?? add(name, queues, READ_WRITE)
    },
    deadLetterTopic: group => {
      const name = deadLetterTopicOf(group)
      return byName.get(name) ?? add(name, 1, READ_WRITE)
    },
  }
}
