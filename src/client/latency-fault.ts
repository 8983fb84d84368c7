/** What the last answers of a broker say of its speed, as the official client's latency fault tolerance keeps it. */
export interface LatencyFault {
  /** Of the last attempt, ms. */
  readonly latencyMs: number
  /** Until then others are preferred, ms. */
  readonly availableFrom: number
  /** Whether it was, when it was last heard of, at least there. */
  readonly reachable: boolean
}

/** One attempt. `isolated`: it failed in a way that has its broker avoided, however quickly it failed. */
export interface LatencyEvent {
  readonly at: number
  readonly latencyMs: number
  readonly isolated: boolean
  readonly reachable: boolean
}

/** Latency from which, and for how long a broker is avoided, ms (`MQFaultStrategy` since 5.1.4). */
export const LATENCY_TABLE: readonly (readonly [fromMs: number, avoidedMs: number])[] = [
  [50, 0],
  [100, 0],
  [550, 2_000],
  [1_800, 5_000],
  [3_000, 6_000],
  [5_000, 10_000],
  [15_000, 30_000],
]

/** What a failed attempt counts as, ms. */
const ISOLATED_LATENCY_MS = 10_000

/** For how long a broker that answered this late is avoided, ms. */
export const avoidedMs = (latencyMs: number): number =>
  LATENCY_TABLE.reduce((found, [fromMs, ms]) => (latencyMs >= fromMs ? ms : found), 0)

/** Pure. An avoidance is made longer, never shorter, by what comes later. */
export const nextFault = (fault: LatencyFault | undefined, event: LatencyEvent): LatencyFault => {
  const { at, latencyMs, isolated, reachable } = event
  const forMs = avoidedMs(isolated ? ISOLATED_LATENCY_MS : latencyMs)
  const before = fault?.availableFrom ?? -Infinity
  return { latencyMs, availableFrom: forMs > 0 ? Math.max(before, at + forMs) : before, reachable }
}
