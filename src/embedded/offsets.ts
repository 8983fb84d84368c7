import type Long from 'long'

/** What groups have committed on one broker: the next offset to consume, by group, topic and queue. */
export interface Offsets {
  get(group: string, topic: string, queueId: number): Long | undefined
  /** Any value is kept, also one lower than before. */
  set(group: string, topic: string, queueId: number, offset: Long): void
  ofTopic(group: string, topic: string): ReadonlyMap<number, Long>
}

const NONE: ReadonlyMap<number, Long> = new Map()

export const createOffsets = (): Offsets => {
  const groups = new Map<string, Map<string, Map<number, Long>>>()
  const ofTopic = (group: string, topic: string) => groups.get(group)?.get(topic) ?? NONE
  return {
    get: (group, topic, queueId) => ofTopic(group, topic).get(queueId),
    set: (group, topic, queueId, offset) => {
      const topics = groups.get(group) ?? new Map<string, Map<number, Long>>()
      const queues = topics.get(topic) ?? new Map<number, Long>()
      groups.set(group, topics.set(topic, queues.set(queueId, offset)))
    },
    ofTopic,
  }
}
