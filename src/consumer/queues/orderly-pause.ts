/** How long a queue that is consumed in order rests after a failure, as Java's suspendCurrentQueueTimeMillis, ms. */
export const ORDERLY_PAUSE_MS = 1_000

/** The shortest and the longest rest of the official consumer, ms. */
export const ORDERLY_PAUSE_BOUNDS_MS: readonly [number, number] = [10, 30_000]
