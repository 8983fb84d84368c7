import { expect, it } from 'vitest'
import { PRESETS } from '../../src/client/presets.ts'
import { resolveClientConfig } from '../../src/client/config.ts'
import { PRODUCER_DEFAULTS, resolveProducerOptions } from '../../src/producer/options.ts'
import { PRODUCER_PRESETS } from '../../src/producer/presets.ts'

/** What each preset changes, number by number; whatever does not stand here is the default. */
const PRODUCERS = {
  default: {},
  development: { timeoutMs: 5_000, retries: 1, batchSplit: 'count', maxBatchCount: 16 },
  production: { timeoutMs: 3_000, retries: 3, retryAnotherBrokerWhenNotStoreOk: true, select: 'round-robin' },
  ordered: {
    timeoutMs: 5_000,
    retries: 5,
    retryAnotherBrokerWhenNotStoreOk: true,
    maxInFlight: 1,
    batchSplit: 'count',
    maxBatchCount: 1,
  },
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
  testing: { group: 'TEST_PRODUCER', timeoutMs: 10_000, retries: 0, batchSplit: 'count', maxBatchCount: 8 },
}
const TRACED = ['development', 'ordered', 'testing']
const AVOIDING = ['production', 'highPerformance']

it.each(Object.entries(PRODUCER_PRESETS))(
  'the producer preset %s has the numbers that it is known for',
  (name, preset) => {
    const { trace, ...rest } = resolveProducerOptions(preset)
    expect({ ...rest, trace: undefined }).toEqual({
      ...PRODUCER_DEFAULTS,
      ...PRODUCERS[name as keyof typeof PRODUCERS],
    })
    expect(trace !== undefined).toBe(TRACED.includes(name))
  },
)

it.each(Object.entries(PRESETS))('the client preset %s avoids slow brokers only where load counts', (name, preset) => {
  const { health } = resolveClientConfig({ nameServers: 'n:1', ...preset })
  expect(health.avoidSlow).toBe(AVOIDING.includes(name))
})
