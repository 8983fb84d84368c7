/** How long a queue that is consumed in order rests after a failure, as Java's suspendCurrentQueueTimeMillis, ms. */
export const ORDERLY_PAUSE_MS = 1_000

const SHORTEST_MS = 10
const LONGEST_MS = 30_000

/** What a handler wished for, within the bounds of the official consumer: 10 to 30,000 ms. */
export const orderlyPauseMs = (wishedMs: number = ORDERLY_PAUSE_MS): number =>
  Math.min(Math.max(wishedMs, SHORTEST_MS), LONGEST_MS)
