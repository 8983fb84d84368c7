/**
 * What came of the requests of this client to one broker. Changed in place, because each message counts: a new object each
 * time would cost more than all else that routing does.
 */
export interface BrokerCounts {
  requests: number
  failed: number
  /** Successes since the last failure. */
  successRun: number
  /** Mean of the first hundred latencies; from then on each new one replaces a hundredth of it. */
  averageLatencyMs: number
  maxLatencyMs: number
  lastSuccessAt: number | undefined
  lastFailureAt: number | undefined
}

export const noCounts = (): BrokerCounts => ({
  requests: 0,
  failed: 0,
  successRun: 0,
  averageLatencyMs: 0,
  maxLatencyMs: 0,
  lastSuccessAt: undefined,
  lastFailureAt: undefined,
})

/** How many latencies make the average. */
const WINDOW = 100

export const countSuccess = (counts: BrokerCounts, latencyMs: number, at: number): void => {
  counts.requests++
  counts.successRun++
  const measured = Math.min(counts.requests - counts.failed, WINDOW)
  counts.averageLatencyMs += (latencyMs - counts.averageLatencyMs) / measured
  if (latencyMs > counts.maxLatencyMs) counts.maxLatencyMs = latencyMs
  counts.lastSuccessAt = at
}

export const countFailure = (counts: BrokerCounts, at: number): void => {
  counts.requests++
  counts.failed++
  counts.successRun = 0
  counts.lastFailureAt = at
}

/** From 0 to 1; 1 while nothing was asked. */
export const successRate = ({ requests, failed }: Pick<BrokerCounts, 'requests' | 'failed'>): number =>
  requests === 0 ? 1 : (requests - failed) / requests

/** After so much time without an answer half of a latency is forgotten, ms: who was slow is asked again some day. */
const HALF_LIFE_MS = 30_000

/** The latency to expect now, ms; 0 of a broker that was never measured, so that it will be. */
export const expectedLatency = (
  { averageLatencyMs, lastSuccessAt }: Pick<BrokerCounts, 'averageLatencyMs' | 'lastSuccessAt'>,
  at: number,
): number =>
  lastSuccessAt === undefined ? 0 : averageLatencyMs * 0.5 ** (Math.max(0, at - lastSuccessAt) / HALF_LIFE_MS)
