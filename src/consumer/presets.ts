import type { ConsumerOptions } from './options.ts'
import type { ProcessOptions } from './handling/process-options.ts'

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
  /** As little in hand as can be: what a test, or a small container, needs. */
  lowMemory: {
    flow: { pullBatch: 8, pullIntervalMs: 2_000, unsettledPerQueue: 100, unsettled: 400, unsettledBytes: 16 << 20 },
  },
  /** Each queue in order, one message at a time, under its lock. */
  orderly: { ordering: 'queue' },
  /** The same with much in hand, for many queues. */
  orderlyHighPerformance: {
    ordering: 'queue',
    flow: { unsettledPerQueue: 2_000, unsettled: 20_000, unsettledBytesPerQueue: 128 << 20, unsettledBytes: 512 << 20 },
    commit: { everyMs: 10_000 },
  },
  /** The same with as little in hand as can be. */
  orderlyLowMemory: {
    ordering: 'queue',
    flow: { pullBatch: 4, pullIntervalMs: 3_000, unsettledPerQueue: 50, unsettled: 200, unsettledBytes: 8 << 20 },
    commit: { everyMs: 3_000 },
  },
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
  /** Five handlers at once. */
  lowMemory: { concurrency: 5 },
  /** As many queues at once as all defaults allow; what failed is tried again after a second. */
  orderly: { suspendMs: 1_000 },
  /** 40 queues at once. */
  orderlyHighPerformance: { concurrency: 40 },
  /** Three queues at once. */
  orderlyLowMemory: { concurrency: 3 },
  /** All defaults. */
  broadcast: {},
} as const satisfies Record<keyof typeof CONSUMER_PRESETS, ProcessOptions>

type PresetName = keyof typeof CONSUMER_PRESETS

const ALIASES: Readonly<Record<string, PresetName>> = {
  production: 'highPerformance',
  prod: 'highPerformance',
  testing: 'lowMemory',
  test: 'lowMemory',
}

/**
 * The name of the preset for an environment, or for a name as environments have them: `production` (`prod`) means
 * `highPerformance`, `testing` (`test`) means `lowMemory`, `high-perf` or `low_memory` what they say, any other `default`.
 * `CONSUMER_PRESETS[consumerPreset('prod')]`, and so with `PROCESS_PRESETS`.
 */
export const consumerPreset = (name: string): PresetName => {
  const plain = name.toLowerCase().replace(/[-_ ]/g, '')
  if (Object.hasOwn(ALIASES, plain)) return ALIASES[plain] ?? 'default'
  const names = Object.keys(CONSUMER_PRESETS) as PresetName[]
  return (
    names.find(one => one.toLowerCase() === plain || one.toLowerCase() === plain.replace(/perf$/, 'performance')) ??
    'default'
  )
}
