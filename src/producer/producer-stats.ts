import type { HeartbeatCounts } from '../client/heartbeat.ts'
import type { ReportedEvent } from '../observability/events.ts'
import { createLatencyWindow } from '../observability/latency-window.ts'
import type { Latency } from '../observability/latency-window.ts'
import { ratio } from '../observability/ratio.ts'
import type { SendResult } from './send-result.ts'

/** What a producer has done since it was made, or since its statistics were reset. */
export interface ProducerStats {
  /** When it was read, ms of the client's scheduler. */
  readonly at: number
  /** When counting began, ms. */
  readonly since: number
  readonly group: string
  readonly clientId: string
  /** Whether it accepts sends. */
  readonly running: boolean
  /** Messages that a broker has stored, whatever their status. */
  readonly sent: number
  /** Messages that were accepted, or found no room, and failed. Calls that make no sense are not counted. */
  readonly failed: number
  /** One-way messages that a socket took: nobody confirms them, so they count by themselves. */
  readonly oneway: number
  /** Requests that carried a batch. */
  readonly batches: number
  /** `sent` of all that ended, 0 to 1; 1 while nothing has ended. */
  readonly successRate: number
  /** Bytes of the bodies in `sent`, as they went over the wire. */
  readonly bytes: number
  /** Attempts after the first one. */
  readonly retried: number
  readonly inFlight: number
  readonly queued: number
  /** From the turn of a message to its result, repeats included, over the last one or two minutes. */
  readonly latencyMs: Latency
  /** Topics whose route is at hand. */
  readonly cachedTopics: number
  /** Of the whole client. `successRate` as above. */
  readonly heartbeats: HeartbeatCounts & { readonly successRate: number }
}

/** What is counted while sending: plain additions, nothing is made for a message. */
export interface ProducerMeter {
  stored(result: SendResult, bytes: number): void
  failed(): void
  oneway(): void
  batch(): void
  /** Counts what is told, and does nothing else with it. */
  told(event: ReportedEvent): void
  read(now: Omit<ProducerStats, CountedHere>): ProducerStats
  reset(): void
}
type CountedHere =
  'at' | 'since' | 'sent' | 'failed' | 'oneway' | 'batches' | 'successRate' | 'bytes' | 'retried' | 'latencyMs'

const NOTHING = { sent: 0, failed: 0, oneway: 0, batches: 0, bytes: 0, retried: 0 }

export const createMeter = (now: () => number): ProducerMeter => {
  const counts = { ...NOTHING }
  const latency = createLatencyWindow(now)
  let since = now()
  return {
    stored: ({ elapsedMs }, bytes) => {
      counts.sent++
      counts.bytes += bytes
      latency.add(elapsedMs)
    },
    failed: () => {
      counts.failed++
    },
    oneway: () => {
      counts.oneway++
    },
    batch: () => {
      counts.batches++
    },
    told: event => {
      if (event.type === 'send-retried') counts.retried++
    },
    read: rest => ({
      at: now(),
      since,
      ...counts,
      successRate: ratio(counts.sent, counts.failed),
      latencyMs: latency.read(),
      ...rest,
    }),
    reset: () => {
      Object.assign(counts, NOTHING)
      latency.reset()
      since = now()
    },
  }
}
