import Long from 'long'
import { TOPIC_MARK } from '../protocol/pop/pop-retry-topic.ts'
import type { OrderCount } from '../protocol/pop/pop-infos.ts'

/** A queue as one group consumes it. */
export interface OrderedQueue {
  readonly topic: string
  readonly group: string
  readonly queueId: number
}

/** What one ordered pop gave away. */
interface OrderedPop {
  readonly offsets: readonly number[]
  /** Milliseconds since the epoch. */
  readonly popTime: number
  readonly invisibleMs: number
  /** Pops with the same id are repetitions of one: no delivery of its own, and not blocked by it. */
  readonly attemptId: string | undefined
}

interface Batch extends OrderedPop {
  readonly acked: Set<number>
  /** How often messages were delivered before. */
  readonly counts: ReadonlyMap<number, number>
  /** Of messages whose invisible time was changed. */
  readonly visibleAt: Map<number, number>
}

/** The last batch of every queue that is popped in order: until it is done, nobody of the group gets more of the queue. */
export interface PopOrders {
  /** Until when the queue is closed to an attempt, ms; undefined when it is open. */
  blockedUntil(queue: OrderedQueue, attemptId: string | undefined): number | undefined
  /** Remembers a batch; how often its messages were delivered before. */
  begin(queue: OrderedQueue, pop: OrderedPop): readonly OrderCount[]
  /** Where the group goes on after this acknowledgement; why it counts for nothing otherwise. */
  ack(queue: OrderedQueue, offset: number, popTime: number): number | 'outdated' | 'not in the batch'
  /** A message stays invisible until another time. */
  change(queue: OrderedQueue, offset: number, popTime: number, visibleAt: number): void
}

export const createPopOrders = (now: () => number): PopOrders => {
  const batches = new Map<string, Batch>()

  return {
    blockedUntil: (queue, attemptId) => {
      const batch = batches.get(keyOf(queue))
      if (batch === undefined || (batch.attemptId !== undefined && batch.attemptId === attemptId)) return undefined
      const open = batch.offsets
        .filter(offset => !batch.acked.has(offset))
        .map(offset => batch.visibleAt.get(offset) ?? batch.popTime + batch.invisibleMs)
      const latest = Math.max(0, ...open)
      return now() < latest ? latest : undefined
    },
    begin: (queue, pop) => {
      const counts = countsOf(batches.get(keyOf(queue)), pop)
      batches.set(keyOf(queue), { ...pop, acked: new Set(), counts, visibleAt: new Map() })
      return toldCounts(queue.queueId, counts, pop.offsets.length)
    },
    ack: (queue, offset, popTime) => {
      const batch = batches.get(keyOf(queue))
      if (batch === undefined) return offset + 1
      if (batch.popTime !== popTime) return 'outdated'
      if (!batch.offsets.includes(offset)) return 'not in the batch'
      batch.acked.add(offset)
      return batch.offsets.find(one => !batch.acked.has(one)) ?? (batch.offsets.at(-1) ?? offset) + 1
    },
    change: (queue, offset, popTime, visibleAt) => {
      const batch = batches.get(keyOf(queue))
      if (batch?.popTime === popTime && batch.offsets.includes(offset)) batch.visibleAt.set(offset, visibleAt)
    },
  }
}

/** A message that was in the batch before is delivered once more, unless the same attempt is only repeated. */
const countsOf = (before: Batch | undefined, pop: OrderedPop): ReadonlyMap<number, number> => {
  if (before === undefined) return new Map()
  if (before.attemptId !== undefined && before.attemptId === pop.attemptId) return before.counts
  const again = pop.offsets.filter(offset => before.offsets.includes(offset))
  return new Map(again.map(offset => [offset, (before.counts.get(offset) ?? 0) + 1]))
}

/** One entry a message that was delivered before, and one for all others of the queue. */
const toldCounts = (queueId: number, counts: ReadonlyMap<number, number>, messages: number): readonly OrderCount[] => {
  const mark = TOPIC_MARK.NORMAL
  const least = counts.size === messages ? Math.min(...counts.values()) : 0
  return [
    ...[...counts].map(([offset, count]) => ({ mark, queueId, queueOffset: Long.fromNumber(offset), count })),
    { mark, queueId, queueOffset: undefined, count: least },
  ]
}

const keyOf = ({ topic, group, queueId }: OrderedQueue): string => `${topic}@${group}@${queueId}`
