import Long from 'long'
import type { Passes } from './filters.ts'
import type { Queue } from './queue.ts'

/** Messages looked at in one piece; what does not match is passed over for good, so there is no answer without a look. */
const EXAMINED_AT_ONCE = 800

/**
 * Reads on until something matches or the queue ends. An offset outside the queue is corrected to its nearest end, where
 * nobody asks the client.
 */
export const readAllOf = (
  queue: Queue,
  from: Long,
  limits: { readonly messages: number; readonly bytes: number },
  passes: Passes,
): { readonly next: number; readonly parts: readonly Buffer[] } => {
  const { min, max } = queue.range()
  let next = from.lessThan(min) ? min : from.greaterThan(max) ? max : from.toNumber()
  while (next < max) {
    const reading = queue.read(Long.fromNumber(next), { ...limits, examined: EXAMINED_AT_ONCE }, passes)
    next = reading.next
    if (reading.parts.length > 0) return { next, parts: reading.parts }
  }
  return { next, parts: [] }
}
