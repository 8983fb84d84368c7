import type { ConsumerOptions } from './options.ts'
import type { ProcessOptions } from './process-options.ts'

type Spread = Omit<Partial<ConsumerOptions>, 'group' | 'subscribe'>

/**
 * Ready-made options to spread: `client.consumer({ ...CONSUMER_PRESETS.lowResource, group, subscribe })`. What is not said
 * is as in `CONSUMER_DEFAULTS` and `FLOW_DEFAULTS`. How many handlers work at once says `PROCESS_PRESETS` of the same name.
 */
export const CONSUMER_PRESETS = {
  /** All defaults. */
  default: {},
  /** Much in hand, pulled in large pages where brokers allow that, and committed every second. */
  highPerformance: {
    flow: { pullBatch: 64, unsettledPerQueue: 4_096, unsettled: 50_000, span: 16_384 },
    commit: { everyMs: 1_000 },
  },
  /** Little in hand, pulled once in a second at most from each queue, committed seldom. */
  lowResource: {
    flow: { pullBatch: 8, pullIntervalMs: 1_000, unsettledPerQueue: 64, unsettled: 500, unsettledBytes: 16 << 20 },
    commit: { everyMs: 10_000 },
  },
  /** Each queue in order, one message at a time, under its lock. */
  orderly: { ordering: 'queue' },
  /** Each member gets every message. */
  broadcast: { model: 'broadcasting', commit: { everyMs: 2_000 } },
} as const satisfies Record<string, Spread>

/** The same for `process$`: `consumer.process$(handler, { ...PROCESS_PRESETS.lowResource, until })`. */
export const PROCESS_PRESETS = {
  /** All defaults. */
  default: {},
  /** 128 handlers at once. */
  highPerformance: { concurrency: 128 },
  /** Two handlers at once. */
  lowResource: { concurrency: 2 },
  /** As many queues at once as all defaults allow; what failed is tried again after a second. */
  orderly: { suspendMs: 1_000 },
  /** All defaults. */
  broadcast: {},
} as const satisfies Record<keyof typeof CONSUMER_PRESETS, ProcessOptions>
