import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  groupOfRetryTopic,
  partsOfPopRetryV2,
  popRetryTopicV1,
  popRetryTopicV2,
  storedTopicOf,
  TOPIC_MARK,
  topicMarkOf,
  topicOfPopRetry,
} from '../../src/protocol/pop/pop-retry-topic.ts'

/** What may stand in the name of a topic or group. */
const aName = fc.stringMatching(/^[a-zA-Z0-9|_-]{1,12}$/)

describe('the retry topic of a popping group', () => {
  it('leads back to its topic for whoever knows the group', () => {
    fc.assert(
      fc.property(aName, aName, (topic, group) => {
        expect(topicOfPopRetry(popRetryTopicV1(topic, group), group)).toBe(topic)
        expect(topicOfPopRetry(popRetryTopicV2(topic, group), group)).toBe(topic)
      }),
    )
  })

  it('of the second form leads back to topic and group', () => {
    fc.assert(
      fc.property(aName, aName, (topic, group) => {
        expect(partsOfPopRetryV2(popRetryTopicV2(topic, group))).toEqual({ topic, group })
      }),
    )
  })

  it('is found by the mark of a message, and tells it', () => {
    for (const mark of Object.values(TOPIC_MARK)) expect(topicMarkOf(storedTopicOf(mark, 't', 'g'))).toBe(mark)
    expect(storedTopicOf('9', 't', 'g')).toBe('t')
  })

  it('is not any other topic', () => {
    expect(topicOfPopRetry('orders', 'g')).toBe('orders')
    expect(topicOfPopRetry('%RETRY%g_t', 'other')).toBe('%RETRY%g_t')
    expect(partsOfPopRetryV2('%RETRY%g_t')).toBeUndefined()
    expect(groupOfRetryTopic('%RETRY%g')).toBe('g')
  })
})
