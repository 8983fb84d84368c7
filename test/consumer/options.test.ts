import { describe, expect, it } from 'vitest'
import { FLOW_DEFAULTS, resolveConsumerOptions, type ConsumerOptions } from '../../src/consumer/options.ts'
import { on } from '../../src/consumer/subscriptions/on.ts'
import { topic } from '../../src/messages/topic.ts'

const orders = on(topic('orders'))
const resolve = (more: Partial<ConsumerOptions> = {}) =>
  resolveConsumerOptions({ group: 'g', subscribe: [orders], ...more }, 5_000)

describe('the options of a consumer', () => {
  it('have defaults for everything but group and subscription', () => {
    expect(resolve()).toEqual({
      group: 'g',
      subscriptions: [orders],
      startFrom: 'last',
      model: 'clustering',
      ordering: 'none',
      delivery: 'at-least-once',
      acknowledge: 'offset',
      invisibleMs: 60_000,
      assign: 'auto',
      allocation: { wireName: 'AVG', allocate: expect.any(Function) as unknown },
      flow: FLOW_DEFAULTS,
      settleTimeoutMs: 900_000,
      offsets: undefined,
      autoCommit: true,
      commitMs: 5_000,
      maxAttempts: 16,
      onDecodeError: 'dead-letter',
      verifyBodyCrc: true,
    })
  })

  it('have defaults where they are said to be undefined, too', () => {
    const unsaid = {
      startFrom: undefined,
      flow: { unsettled: undefined },
      commit: { everyMs: undefined },
      retry: undefined,
    }
    expect(resolve(unsaid as unknown as Partial<ConsumerOptions>)).toEqual({
      ...resolve(),
      allocation: expect.anything() as unknown,
    })
  })

  it('are taken as given', () => {
    const start = new Date(0)
    const given = resolve({
      startFrom: start,
      flow: { unsettled: 10, pullBatch: 1 },
      commit: { everyMs: 100 },
      retry: { maxAttempts: 0 },
      onDecodeError: 'ack',
      verifyBodyCrc: false,
    })
    expect(given).toMatchObject({
      startFrom: start,
      commitMs: 100,
      maxAttempts: 0,
      onDecodeError: 'ack',
      verifyBodyCrc: false,
    })
    expect(given.flow).toEqual({ ...FLOW_DEFAULTS, unsettled: 10, pullBatch: 1 })
  })

  it('repeats for ever where order is kept, as Java', () => {
    expect(resolve({ ordering: 'queue' }).maxAttempts).toBe(2_147_483_647)
  })

  it.each<[string, Partial<ConsumerOptions>]>([
    ['a group must not be blank', { group: ' ' }],
    ['contains a space', { group: 'a b' }],
    ['subscribes to nothing', { subscribe: [] }],
    ['topic "a b" contains a space', { subscribe: [{ topic: topic('a b'), tags: '*' }] }],
    ['subscribe is undefined', { subscribe: undefined } as object],
    ['subscribe is a list of 1: expected a list of on(topic, { tags })', { subscribe: [null] } as object],
    ['the tags of topic "t" are undefined', { subscribe: [{ topic: topic('t') } as never] }],
    ['filtered by tags and by sql: choose one', { subscribe: [{ topic: topic('t'), tags: 'a', sql: 'b = 1' }] }],
    [
      'topic "t" is subscribed to twice: join the tags with ||',
      { subscribe: [on(topic('t'), { tags: 'a' }), on(topic('t'), { tags: 'b' })] },
    ],
    ['startFrom is "middle"', { startFrom: 'middle' as 'first' }],
    ['startFrom is of the kind object', { startFrom: new Date(NaN) }],
    ['onDecodeError is "explode"', { onDecodeError: 'explode' as 'ack' }],
    ['model is "mirroring"', { model: 'mirroring' as 'clustering' }],
    ['ordering is "key"', { ordering: 'key' as 'queue' }],
    ['delivery is "exactly-once"', { delivery: 'exactly-once' as 'at-most-once' }],
    ['allocate is "evenly"', { allocate: 'evenly' as 'average' }],
    ['assign is neither', { assign: [] }],
    ['assign is neither', { assign: [{ topic: 't', brokerName: 'a', queueId: -1 }] }],
    ['settleTimeoutMs is 0', { settleTimeoutMs: 0 }],
    ['flow.unsettledPerTopic is -1', { flow: { unsettledPerTopic: -1 } }],
    ['flow.unsetled is not an option', { flow: { unsetled: 3 } as object }],
    ['flow.unsettled is 0', { flow: { unsettled: 0 } }],
    ['flow.span is 65536', { flow: { span: 65_536 } }],
    ['flow.pullBatch is 1.5', { flow: { pullBatch: 1.5 } }],
    ['commit.everyMs is 0', { commit: { everyMs: 0 } }],
    ['retry.maxAttempts is -1', { retry: { maxAttempts: -1 } }],
  ])('are refused by name: %s', (message, more) => {
    expect(() => resolve(more)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })
})
