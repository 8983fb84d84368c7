import { describe, expect, it } from 'vitest'
import { PRODUCER_DEFAULTS, resolveProducerOptions, type ProducerOptions } from '../../src/producer/options.ts'
import type { SendInterceptor } from '../../src/producer/send-interceptors.ts'

const handsOn: SendInterceptor = (sending, next) => next(sending)

describe('the options of a producer', () => {
  it('have the defaults of the Java client where it has them', () => {
    expect(resolveProducerOptions()).toEqual(PRODUCER_DEFAULTS)
    expect(PRODUCER_DEFAULTS).toMatchObject({
      timeoutMs: 3_000,
      retries: 2,
      maxMessageBytes: 4_194_304,
      compressAboveBytes: 4_096,
    })
  })

  it('have defaults where they are said to be undefined, too', () => {
    const unsaid = Object.fromEntries(Object.keys(PRODUCER_DEFAULTS).map(name => [name, undefined]))
    expect(resolveProducerOptions(unsaid as ProducerOptions)).toEqual(PRODUCER_DEFAULTS)
  })

  it('are taken as given', () => {
    const given = {
      group: 'billing',
      timeoutMs: 1,
      retries: 0,
      retry: 'safe',
      select: 'random',
      hash: 'fnv1a',
      retryAnotherBrokerWhenNotStoreOk: true,
      maxInFlight: 1,
      maxQueued: 0,
      maxQueuedBytes: 0,
      maxRequests: 1,
      maxMessageBytes: 16 << 20,
      compression: 'zlib',
      compressAboveBytes: Infinity,
      compressLevel: 9,
      compressBatch: 'each',
      batchSplit: 'count',
      maxBatchBytes: 1,
      maxBatchCount: 1,
      autoCreateTopics: false,
      defaultTopicQueues: 16,
      interceptors: [handsOn],
      trace: { topic: 'traces', batchSize: 1, flushMs: 1, maxQueued: 1, maxMessageBytes: 1_024 },
    } as const
    expect(resolveProducerOptions(given)).toEqual(given)
  })

  it.each<[string, ProducerOptions]>([
    ['a group must not be blank', { group: '' }],
    ['group "a b" contains a space', { group: 'a b' }],
    ['producer group "DEFAULT_PRODUCER" is reserved', { group: 'DEFAULT_PRODUCER' }],
    ['timeoutMs is 0', { timeoutMs: 0 }],
    ['timeoutMs is Infinity', { timeoutMs: Infinity }],
    ['retries is -1', { retries: -1 }],
    ['retries is 17', { retries: 17 }],
    ['retry is "always": expected one of java, safe', { retry: 'always' as 'java' }],
    ['select is "sticky": expected one of round-robin, random', { select: 'sticky' as 'random' }],
    ['maxInFlight is 0', { maxInFlight: 0 }],
    ['maxQueued is -1', { maxQueued: -1 }],
    ['maxQueuedBytes is NaN', { maxQueuedBytes: NaN }],
    ['maxMessageBytes is 16777217', { maxMessageBytes: (16 << 20) + 1 }],
    ['compressAboveBytes is -1', { compressAboveBytes: -1 }],
    ['compressLevel is 10', { compressLevel: 10 }],
    ['compressLevel is 0', { compressLevel: 0 }],
    ['compressLevel and compression "lz4" exclude each other', { compression: 'lz4', compressLevel: 5 }],
    ['"gzip" is no compression', { compression: 'gzip' as 'zlib' }],
    ['compressBatch is "all": expected one of none, each', { compressBatch: 'all' as 'each' }],
    ['batchSplit is "bytes": expected one of size, count', { batchSplit: 'bytes' as 'size' }],
    ['maxBatchBytes is 0', { maxBatchBytes: 0 }],
    ['maxBatchCount is 0', { maxBatchCount: 0 }],
    ['defaultTopicQueues is 0', { defaultTopicQueues: 0 }],
  ])('are refused by name: %s', (message, options) => {
    expect(() => resolveProducerOptions(options)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })
})
