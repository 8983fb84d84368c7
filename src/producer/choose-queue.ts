import { queueIndexByHash } from '../protocol/hashes.ts'
import type { MessageQueue } from '../protocol/routes.ts'

/** What the choice of a queue depends on. */
export interface Choice {
  /** Sorted by broker name and queue id, never empty. */
  readonly queues: readonly MessageQueue[]
  readonly shardKey: string | undefined
  /** Where the rotation, or chance, points: any integer. */
  readonly cursor: number
  /** Brokers that failed this message already. */
  readonly avoid: ReadonlySet<string>
}

/**
 * Pure. A sharding key always leads to the same queue, by Java's hash (`SelectMessageQueueByHash`), so that one key lands
 * in one queue whichever language sends it. Otherwise the next queue whose broker has not failed this message; when all
 * have, simply the next.
 */
export const chooseQueue = ({ queues, shardKey, cursor, avoid }: Choice): MessageQueue => {
  if (shardKey !== undefined && shardKey !== '') return at(queues, queueIndexByHash(shardKey, queues.length))
  for (let step = 0; avoid.size > 0 && step < queues.length; step++) {
    const queue = at(queues, cursor + step)
    if (!avoid.has(queue.brokerName)) return queue
  }
  return at(queues, cursor)
}

const at = (queues: readonly MessageQueue[], index: number): MessageQueue => {
  const queue = queues[((index % queues.length) + queues.length) % queues.length]
  if (queue === undefined) throw new RangeError('a choice needs at least one queue')
  return queue
}
