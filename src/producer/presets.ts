import type { ProducerOptions } from './options.ts'

/**
 * Ready-made options to spread: `client.producer({ ...PRODUCER_PRESETS.production, group })`. What is not said is as in
 * `PRODUCER_DEFAULTS`.
 */
export const PRODUCER_PRESETS = {
  /** All defaults. */
  default: {},
  /** Patient, and quick to show what is wrong: one repeat, small batches, every send traced. */
  development: { timeoutMs: 5_000, retries: 1, batchSplit: 'count', maxBatchCount: 16, trace: true },
  /** Three repeats, also after a store that was not flushed or replicated. Goes with `PRESETS.production` of a client. */
  production: { timeoutMs: 3_000, retries: 3, retryAnotherBrokerWhenNotStoreOk: true, select: 'round-robin' },
  /**
   * For messages with a sharding key, whose hash chooses the queue: one after the other, also those of a batch, and many
   * repeats of each before it fails.
   */
  ordered: {
    timeoutMs: 5_000,
    retries: 5,
    retryAnotherBrokerWhenNotStoreOk: true,
    maxInFlight: 1,
    batchSplit: 'count',
    maxBatchCount: 1,
    trace: true,
  },
  /** Fails soon, many on the way and in a batch, small messages that are seldom compressed. */
  highPerformance: {
    timeoutMs: 1_000,
    retries: 1,
    select: 'random',
    compressAboveBytes: 1_048_576,
    maxMessageBytes: 2_097_152,
    maxInFlight: 50_000,
    maxQueued: 200_000,
    batchSplit: 'count',
    maxBatchCount: 64,
  },
  /** No repeats, so that a test sees each failure. */
  testing: {
    group: 'TEST_PRODUCER',
    timeoutMs: 10_000,
    retries: 0,
    batchSplit: 'count',
    maxBatchCount: 8,
    trace: true,
  },
} as const satisfies Record<string, ProducerOptions>

const ALIASES: Readonly<Record<string, keyof typeof PRODUCER_PRESETS>> = {
  dev: 'development',
  prod: 'production',
  highperf: 'highPerformance',
  highperformance: 'highPerformance',
  test: 'testing',
  ordersequenced: 'ordered',
  ordered: 'ordered',
  development: 'development',
  production: 'production',
  testing: 'testing',
}

/** The preset of a name as environments have them (`prod`, `high-perf`, `order_sequenced`); the default for any other. */
export const producerPreset = (name: string): ProducerOptions => {
  const plain = name.toLowerCase().replace(/[-_ ]/g, '')
  return PRODUCER_PRESETS[Object.hasOwn(ALIASES, plain) ? (ALIASES[plain] ?? 'default') : 'default']
}
