import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/consumer/queues/delivery.ts'
import { FLOW_DEFAULTS } from '../../src/consumer/options.ts'
import {
  resolveProcessBatchOptions,
  resolveProcessOptions,
  type ErrorPolicy,
  type ProcessBatchOptions,
  type ProcessOptions,
} from '../../src/consumer/handling/process-options.ts'

const PLAIN = { ordering: 'none', model: 'clustering', flow: FLOW_DEFAULTS, settleTimeoutMs: 900_000 } as const
const ORDERED = { ...PLAIN, ordering: 'queue' } as const
const BROADCAST = { ...PLAIN, model: 'broadcasting' } as const
const noProblem = (problem: unknown): never => {
  throw problem
}
const delivery = { queue: { topic: 't', brokerName: 'a', queueId: 1 } } as Delivery

describe('the options of process$', () => {
  it('have defaults', () => {
    const { concurrency, timeoutMs, keyBy, policy, until } = resolveProcessOptions({}, PLAIN)
    expect([concurrency, timeoutMs, keyBy, policy(new Error(), delivery, noProblem), until]).toEqual([
      16,
      undefined,
      undefined,
      'retry-later',
      undefined,
    ])
  })

  it('order messages by queue, by a key of the user, or not at all', () => {
    const byQueue = resolveProcessOptions({ keyBy: 'queue' }, PLAIN).keyBy
    expect(byQueue?.(delivery)).toBe(delivery.queue)
    const own = () => 'key'
    expect(resolveProcessOptions({ keyBy: own }, PLAIN).keyBy).toBe(own)
    expect(resolveProcessOptions({ keyBy: 'none' }, PLAIN).keyBy).toBeUndefined()
  })

  it.each<[ErrorPolicy]>([['retry-later'], ['dead-letter'], ['ack'], ['stop']])('know the policy %s', policy => {
    expect(resolveProcessOptions({ onError: policy }, PLAIN).policy(new Error(), delivery, noProblem)).toBe(policy)
    expect(resolveProcessOptions({ onError: () => policy }, PLAIN).policy(new Error(), delivery, noProblem)).toBe(
      policy,
    )
  })

  it('hand the failure and the message to a policy function', () => {
    const seen: unknown[] = []
    const failure = new Error('x')
    const onError = (...told: unknown[]) => {
      seen.push(...told)
      return 'ack' as const
    }
    resolveProcessOptions({ onError }, PLAIN).policy(failure, delivery, noProblem)
    expect(seen).toEqual([failure, delivery])
  })

  it.each<[string, ProcessOptions]>([
    ['concurrency is 0', { concurrency: 0 }],
    ['concurrency is NaN', { concurrency: NaN }],
    ['timeoutMs is 0', { timeoutMs: 0 }],
    ['timeoutMs is 2147483648', { timeoutMs: 2 ** 31 }],
    ['onError is "ignore"', { onError: 'ignore' as 'ack' }],
    ['keyBy is "topic"', { keyBy: 'topic' as 'queue' }],
  ])('are refused by name: %s', (message, options) => {
    expect(() => resolveProcessOptions(options, PLAIN)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })

  it.each([
    ['a queue in order', ORDERED, 'suspend-queue'],
    ['broadcasting', BROADCAST, 'ack'],
    ['broadcasting in order', { ...BROADCAST, ordering: 'queue' as const }, 'suspend-queue'],
  ] as const)('of %s have a policy of their own', (_, mode, usual) => {
    expect(resolveProcessOptions({}, mode).policy(new Error(), delivery, noProblem)).toBe(usual)
    const bad = resolveProcessOptions({ onError: () => 'nonsense' as 'ack' }, mode)
    const problems: unknown[] = []
    expect(bad.policy(new Error(), delivery, problem => problems.push(problem))).toBe(usual)
    expect(problems).toMatchObject([{ code: 'ERR_RMQ_ILLEGAL' }])
  })

  it('let a queue in order rest for another time per failure', () => {
    for (const suspendMs of [10, 30_000]) {
      const { policy } = resolveProcessOptions({ onError: () => ({ suspendMs }) }, ORDERED)
      expect(policy(new Error(), delivery, noProblem)).toEqual({ suspendMs })
    }
  })

  it.each<[string, unknown, Parameters<typeof resolveProcessOptions>[1]]>([
    ["answered { suspendMs }: expected ordering: 'queue' for that, or one of", { suspendMs: 10 }, PLAIN],
    ["answered { suspendMs }: expected ordering: 'queue' for that, or one of ack, stop", { suspendMs: 10 }, BROADCAST],
    ['answered { suspendMs: 9 }: expected a whole number from 10 to 30000', { suspendMs: 9 }, ORDERED],
    ['answered { suspendMs: 30001 }', { suspendMs: 30_001 }, ORDERED],
    ['answered { suspendMs: 10.5 }', { suspendMs: 10.5 }, ORDERED],
    ['answered { suspendMs: 20 }', { suspendMs: '20' }, ORDERED],
    ['answered { suspendMs: undefined }', {}, ORDERED],
    ['answered "null"', null, ORDERED],
    ['answered "undefined"', undefined, PLAIN],
    ['answered "suspend-queue": expected one of retry-later', 'suspend-queue', PLAIN],
    ['answered "retry-later": expected one of ack, stop', 'retry-later', BROADCAST],
  ])('tell what onError may not answer, and take the usual policy: %s', (message, answer, mode) => {
    const problems: unknown[] = []
    const { policy } = resolveProcessOptions({ onError: () => answer as 'ack' }, mode)
    const usual = resolveProcessOptions({}, mode).policy(new Error(), delivery, noProblem)
    expect(policy(new Error(), delivery, problem => problems.push(problem))).toBe(usual)
    expect(problems).toMatchObject([{ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }])
  })

  it('keep the order of a queue, or make lanes inside of it', () => {
    expect(resolveProcessOptions({}, ORDERED).keyBy?.(delivery)).toBe(delivery.queue)
    const own = () => 'key'
    expect(resolveProcessOptions({ keyBy: own }, ORDERED).keyBy).toBe(own)
  })

  it.each<[string, ProcessOptions, Parameters<typeof resolveProcessOptions>[1]]>([
    ['onError is "suspend-queue"', { onError: 'suspend-queue' }, PLAIN],
    ['onError is "retry-later"', { onError: 'retry-later' }, BROADCAST],
    ['onError is "dead-letter"', { onError: 'dead-letter' }, BROADCAST],
    ['keyBy is none', { keyBy: 'none' }, ORDERED],
    ['settleTimeoutMs, 900000, sends the message back before', { timeoutMs: 900_001 }, PLAIN],
    ['suspendMs is 9', { suspendMs: 9 }, ORDERED],
    ['suspendMs is 30001', { suspendMs: 30_001 }, ORDERED],
  ])('are refused where they make no sense: %s', (message, options, mode) => {
    expect(() => resolveProcessOptions(options, mode)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('the options of processBatch$', () => {
  it('have defaults', () => {
    expect(resolveProcessBatchOptions({}, PLAIN)).toMatchObject({
      concurrency: 16,
      maxCount: 32,
      maxBytes: 1 << 20,
      lingerMs: 0,
      perQueue: false,
    })
    expect(resolveProcessBatchOptions({}, ORDERED).perQueue).toBe(true)
  })

  it.each<[string, ProcessBatchOptions, Parameters<typeof resolveProcessBatchOptions>[1]]>([
    ['maxCount is 0', { maxCount: 0 }, PLAIN],
    ['maxCount is 4097', { maxCount: 4_097 }, PLAIN],
    ['maxCount is 513', { maxCount: 513, keyBy: 'queue' }, PLAIN],
    ['maxBytes is 0', { maxBytes: 0 }, PLAIN],
    ['lingerMs is -1', { lingerMs: -1 }, PLAIN],
    ['keyBy is "key"', { keyBy: 'key' as 'none' }, PLAIN],
    ['keyBy is none', { keyBy: 'none' }, ORDERED],
  ])('are refused by name, and where a batch could never fill: %s', (message, options, mode) => {
    expect(() => resolveProcessBatchOptions(options, mode)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })
})
