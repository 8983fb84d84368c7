import type Long from 'long'
import type { Queue } from './queue.ts'

/**
 * The offset that belongs to a store time. LOWER: the first message stored at or after it, else one past the last.
 * UPPER: the last message stored at or before it, else the first. An empty queue gives its bound.
 */
export const searchByTime = (queue: Queue, timestamp: Long, boundary: 'LOWER' | 'UPPER'): number => {
  const { min, max } = queue.range()
  const isBefore = (offset: number): boolean => {
    const stored = queue.at(offset)?.storeTimestamp ?? 0
    return boundary === 'LOWER' ? timestamp.greaterThan(stored) : timestamp.greaterThanOrEqual(stored)
  }
  let from = min
  let to = max
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (isBefore(middle)) from = middle + 1
    else to = middle
  }
  return boundary === 'LOWER' ? from : Math.max(min, from - 1)
}
