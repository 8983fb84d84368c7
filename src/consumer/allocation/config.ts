import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { isRetryTopic } from '../../protocol/names.ts'
import { allocateAveragely } from './allocate.ts'
import type { Allocate } from './allocate.ts'

/**
 * CONFIG: the named queues, as far as there are such, whoever else is a member. The retry topic of the group, whose
 * queues nobody thinks of naming, is shared out evenly unless the list names some: what is sent back would never come
 * again. (`AllocateMessageQueueByConfig`, which gives the whole list for every topic.)
 */
export const allocateByConfig = (config: readonly QueueRef[]): Allocate => {
  const named = new Set(config.map(queueKey))
  const topics = new Set(config.map(({ topic }) => topic))
  return (queues, members, self) => {
    const topic = queues[0]?.topic ?? ''
    if (isRetryTopic(topic) && !topics.has(topic)) return allocateAveragely(queues, members, self)
    return queues.filter(queue => named.has(queueKey(queue)))
  }
}
