import type Long from 'long'

/** What groups have committed on one broker: the next offset to consume, by group, topic and queue. */
export interface Offsets {
  get(group: string, topic: string, queueId: number): Long | undefined
  /** Any value is kept, also one lower than before. */
  set(group: string, topic: string, queueId: number, offset: Long): void
  ofTopic(group: string, topic: string): ReadonlyMap<number, Long>
  /** The topics for which a group has offsets. */
  topicsOf(group: string): readonly string[]
  /** The same as `set`, and the next pull is sent there. Until then the group cannot commit. */
  reset(group: string, topic: string, queueId: number, offset: Long): void
  isReset(group: string, topic: string, queueId: number): boolean
  /** Where the next pull is to be sent, once. */
  takeReset(group: string, topic: string, queueId: number): Long | undefined
}

const NONE: ReadonlyMap<number, Long> = new Map()

export const createOffsets = (): Offsets => {
  const groups = new Map<string, Map<string, Map<number, Long>>>()
  const resets = new Map<string, Long>()
  const ofTopic = (group: string, topic: string) => groups.get(group)?.get(topic) ?? NONE
  const set = (group: string, topic: string, queueId: number, offset: Long): void => {
    const topics = groups.get(group) ?? new Map<string, Map<number, Long>>()
    const queues = topics.get(topic) ?? new Map<number, Long>()
    groups.set(group, topics.set(topic, queues.set(queueId, offset)))
  }
  return {
    get: (group, topic, queueId) => ofTopic(group, topic).get(queueId),
    set,
    ofTopic,
    topicsOf: group => [...(groups.get(group)?.keys() ?? [])],
    reset: (group, topic, queueId, offset) => {
      resets.set(keyOf(group, topic, queueId), offset)
      set(group, topic, queueId, offset)
    },
    isReset: (group, topic, queueId) => resets.has(keyOf(group, topic, queueId)),
    takeReset: (group, topic, queueId) => {
      const key = keyOf(group, topic, queueId)
      const offset = resets.get(key)
      resets.delete(key)
      return offset
    },
  }
}

/** No name contains the `@`. */
const keyOf = (group: string, topic: string, queueId: number): string => `${topic}@${group}@${queueId}`
