import { describe, expect, it } from 'vitest'
import type { Delivery } from '../../src/consumer/delivery.ts'
import { resolveProcessOptions, type ErrorPolicy, type ProcessOptions } from '../../src/consumer/process.ts'

const delivery = { queue: { topic: 't', brokerName: 'a', queueId: 1 } } as Delivery

describe('the options of process$', () => {
  it('have defaults', () => {
    const { concurrency, timeoutMs, keyBy, policy, until } = resolveProcessOptions({})
    expect([concurrency, timeoutMs, keyBy, policy(new Error(), delivery), until]).toEqual([
      16,
      undefined,
      undefined,
      'retry-later',
      undefined,
    ])
  })

  it('order messages by queue, by a key of the user, or not at all', () => {
    const byQueue = resolveProcessOptions({ keyBy: 'queue' }).keyBy
    expect(byQueue?.(delivery)).toBe(delivery.queue)
    const own = () => 'key'
    expect(resolveProcessOptions({ keyBy: own }).keyBy).toBe(own)
    expect(resolveProcessOptions({ keyBy: 'none' }).keyBy).toBeUndefined()
  })

  it.each<[ErrorPolicy]>([['retry-later'], ['dead-letter'], ['ack'], ['stop']])('know the policy %s', policy => {
    expect(resolveProcessOptions({ onError: policy }).policy(new Error(), delivery)).toBe(policy)
    expect(resolveProcessOptions({ onError: () => policy }).policy(new Error(), delivery)).toBe(policy)
  })

  it('hand the failure and the message to a policy function', () => {
    const seen: unknown[] = []
    const failure = new Error('x')
    const onError = (...told: unknown[]) => {
      seen.push(...told)
      return 'ack' as const
    }
    resolveProcessOptions({ onError }).policy(failure, delivery)
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
    expect(() => resolveProcessOptions(options)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })
})
