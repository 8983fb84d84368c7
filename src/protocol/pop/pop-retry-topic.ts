import { isRetryTopic, RETRY_PREFIX } from '../names.ts'

/**
 * Which kind of topic a popped message came from, in one character: `0` the topic itself, `1` and `2` the retry topics of
 * the group on it. Others have been seen to mean the topic itself.
 */
export const TOPIC_MARK = { NORMAL: '0', RETRY_V1: '1', RETRY_V2: '2' } as const

/** Stands between group and topic. Only the second one cannot be part of a name. */
const SEPARATOR_V1 = '_'
const SEPARATOR_V2 = '+'

/**
 * Where messages of a topic that a popping group did not acknowledge wait for it, on brokers as they come. The name does
 * not tell where the group ends (`KeyBuilder.buildPopRetryTopicV1`).
 */
export const popRetryTopicV1 = (topic: string, group: string): string => RETRY_PREFIX + group + SEPARATOR_V1 + topic

/** The same on brokers with `enableRetryTopicV2` (`KeyBuilder.buildPopRetryTopicV2`). */
export const popRetryTopicV2 = (topic: string, group: string): string => RETRY_PREFIX + group + SEPARATOR_V2 + topic

/** Whether a topic is a retry topic of POP consumers in the newer form, which names its group without doubt. */
export const isPopRetryTopicV2 = (topic: string): boolean => isRetryTopic(topic) && topic.includes(SEPARATOR_V2)

/** The mark of a message by the topic that it is stored in. */
export const topicMarkOf = (topic: string): string => {
  if (isPopRetryTopicV2(topic)) return TOPIC_MARK.RETRY_V2
  return isRetryTopic(topic) ? TOPIC_MARK.RETRY_V1 : TOPIC_MARK.NORMAL
}

/** Where a message with this mark, popped from a topic, is stored: what an acknowledgement must name. */
export const storedTopicOf = (mark: string, topic: string, group: string): string => {
  if (mark === TOPIC_MARK.RETRY_V1) return popRetryTopicV1(topic, group)
  return mark === TOPIC_MARK.RETRY_V2 ? popRetryTopicV2(topic, group) : topic
}

/** The topic that a pop retry topic of this group is about; any other topic stays as it is. */
export const topicOfPopRetry = (retryTopic: string, group: string): string => {
  const prefix = [popRetryTopicV1('', group), popRetryTopicV2('', group)].find(start => retryTopic.startsWith(start))
  return prefix === undefined ? retryTopic : retryTopic.slice(prefix.length)
}

/** Group and topic of a pop retry topic of the second form; undefined for any other topic. */
export const partsOfPopRetryV2 = (
  retryTopic: string,
): { readonly group: string; readonly topic: string } | undefined => {
  if (!isPopRetryTopicV2(retryTopic)) return undefined
  const at = retryTopic.indexOf(SEPARATOR_V2)
  return { group: retryTopic.slice(RETRY_PREFIX.length, at), topic: retryTopic.slice(at + 1) }
}

/** The group of a retry topic. Of the first form of pop retry topics it is group and topic in one, and no one can tell. */
export const groupOfRetryTopic = (retryTopic: string): string =>
  partsOfPopRetryV2(retryTopic)?.group ?? retryTopic.slice(RETRY_PREFIX.length)

/** Under which key a broker holds pops that wait for a message of a queue. */
export const pollingKey = (topic: string, group: string, queueId: number): string => `${topic}@${group}@${queueId}`
