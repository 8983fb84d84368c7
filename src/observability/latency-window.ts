/** How long something took, over the last minute or two. ms. */
export interface Latency {
  /** How many the other numbers are made of. */
  readonly count: number
  readonly avg: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Exact up to here; above, buckets grow with what they count and are wrong by 3 % at most. */
const EXACT = 64
const STEPS = 32
const BUCKETS = EXACT + 26 * STEPS // up to 2 ** 32
const WINDOW_MS = 60_000

interface Half {
  readonly buckets: Uint32Array
  since: number
  count: number
  sum: number
  max: number
}

const half = (since: number): Half => ({ buckets: new Uint32Array(BUCKETS), since, count: 0, sum: 0, max: 0 })

/**
 * A histogram of a fixed size, so that adding to it is a few additions. It is kept in two halves: when the newer one is a
 * window old, the older one is forgotten.
 */
export const createLatencyWindow = (now: () => number, windowMs = WINDOW_MS) => {
  let newer = half(now())
  let older = half(now())

  const turn = (): void => {
    const at = now()
    const age = at - newer.since
    if (age < windowMs) return
    const gone = older
    older = age < 2 * windowMs ? newer : clear(gone, at)
    newer = clear(age < 2 * windowMs ? gone : newer, at)
  }

  return {
    add: (ms: number): void => {
      turn()
      const bucket = bucketOf(ms)
      newer.buckets[bucket] = (newer.buckets[bucket] ?? 0) + 1
      newer.count++
      newer.sum += ms
      if (ms > newer.max) newer.max = ms
    },
    read: (): Latency => {
      turn()
      const count = newer.count + older.count
      const max = Math.max(newer.max, older.max)
      const at = (share: number): number => Math.min(max, percentile(newer.buckets, older.buckets, count * share))
      const avg = count === 0 ? 0 : (newer.sum + older.sum) / count
      return { count, avg, p50: at(0.5), p95: at(0.95), p99: at(0.99), max }
    },
    reset: (): void => {
      clear(newer, now())
      clear(older, now())
    },
  }
}

const clear = (one: Half, since: number): Half => {
  one.buckets.fill(0)
  return Object.assign(one, { since, count: 0, sum: 0, max: 0 })
}

/** ms ⇒ bucket. */
export const bucketOf = (ms: number): number => {
  if (ms < EXACT) return ms > 0 ? Math.floor(ms) : 0
  const whole = Math.min(Math.floor(ms), 2 ** 31)
  const power = 31 - Math.clz32(whole)
  return EXACT + (power - 6) * STEPS + ((whole >>> (power - 5)) & (STEPS - 1))
}

/** The largest ms of a bucket. */
export const msOf = (bucket: number): number => {
  if (bucket < EXACT) return bucket
  const power = Math.floor((bucket - EXACT) / STEPS) + 6
  const step = 2 ** (power - 5)
  return 2 ** power + (((bucket - EXACT) % STEPS) + 1) * step - 1
}

const percentile = (a: Uint32Array, b: Uint32Array, rank: number): number => {
  let seen = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += (a[bucket] ?? 0) + (b[bucket] ?? 0)
    if (seen >= rank && seen > 0) return msOf(bucket)
  }
  return 0
}
