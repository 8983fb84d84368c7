import { describe, expect, it } from 'vitest'
import { FLOW_DEFAULTS, resolveConsumerOptions, type ConsumerOptions } from '../../src/consumer/options.ts'
import { on, topic } from '../../src/messages/topic.ts'

const orders = on(topic('orders'))
const resolve = (more: Partial<ConsumerOptions> = {}) =>
  resolveConsumerOptions({ group: 'g', subscribe: [orders], ...more }, 5_000)

describe('the options of a consumer', () => {
  it('have defaults for everything but group and subscription', () => {
    expect(resolve()).toEqual({
      group: 'g',
      subscriptions: [orders],
      startFrom: 'last',
      flow: FLOW_DEFAULTS,
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
    expect(resolve(unsaid as unknown as Partial<ConsumerOptions>)).toEqual(resolve())
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

  it.each<[string, Partial<ConsumerOptions>]>([
    ['a group must not be blank', { group: ' ' }],
    ['contains a space', { group: 'a b' }],
    ['subscribes to nothing', { subscribe: [] }],
    ['topic "a b" contains a space', { subscribe: [on(topic('a b'))] }],
    ['subscribe is undefined', { subscribe: undefined } as object],
    ['subscribe is a list of 1: expected a list of on(topic, { tags })', { subscribe: [null] } as object],
    ['on() was given "orders": expected topic(name, codec)', { subscribe: [on('orders' as never)] }],
    ['on() was given undefined', { subscribe: [on(undefined as never)] }],
    ['a topic must be a text, not undefined', { subscribe: [on({} as never)] }],
    [
      'the tags of topic "t" are a list of 1: expected a text',
      { subscribe: [on(topic('t'), { tags: ['x'] as never })] },
    ],
    ['the tags of topic "t" are 5', { subscribe: [on(topic('t'), { tags: 5 as never })] }],
    ['the tags of topic "t" are undefined', { subscribe: [{ topic: topic('t') } as never] }],
    ['names no tag', { subscribe: [on(topic('t'), { tags: '||' })] }],
    [
      'topic "t" is subscribed to twice: join the tags with ||',
      { subscribe: [on(topic('t'), { tags: 'a' }), on(topic('t'), { tags: 'b' })] },
    ],
    ['startFrom is middle', { startFrom: 'middle' as 'first' }],
    ['startFrom is Invalid Date', { startFrom: new Date(NaN) }],
    ['onDecodeError is "explode"', { onDecodeError: 'explode' as 'ack' }],
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
