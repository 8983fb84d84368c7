import { describe, expect, it } from 'vitest'
import { FLOW_DEFAULTS, resolveConsumerOptions } from '../../src/consumer/options.ts'
import { oncePull, type PullOptions } from '../../src/consumer/queues/pull-once.ts'
import { resolvePullConsumerOptions, type PullConsumerOptions } from '../../src/consumer/pull/pull-options.ts'
import { createSubscriptions } from '../../src/consumer/subscriptions/subscriptions.ts'
import { on } from '../../src/consumer/subscriptions/on.ts'
import { topic } from '../../src/messages/topic.ts'
import { aQueue } from '../support/builders.ts'

const GIVEN = { group: 'g', subscribe: [on(topic('t'), { tags: 'a' })] } as const
const resolve = (more: Partial<PullConsumerOptions> = {}) => resolvePullConsumerOptions({ ...GIVEN, ...more }, 5_000)
const queue = aQueue()

describe('the options of a pull consumer', () => {
  it('have the defaults of a consumer, and commit by themselves', () => {
    const { settings, assign, pollTimeoutMs } = resolve()
    const pushed = resolveConsumerOptions(GIVEN, 5_000)
    expect(settings).toEqual({ ...pushed, allocation: settings.allocation, polled: true })
    expect([assign, pollTimeoutMs, settings.flow]).toEqual(['auto', 5_000, FLOW_DEFAULTS])
  })

  it('are taken as given', () => {
    const { settings, assign, pollTimeoutMs } = resolve({
      assign: [queue],
      autoCommit: false,
      pollTimeoutMs: 0,
      commit: { everyMs: 100 },
    })
    expect([assign, settings.assign, pollTimeoutMs, settings.commitMs]).toEqual([[queue], [queue], 0, 100])
    expect(settings).toMatchObject({ polled: true, autoCommit: false })
    expect(resolve({ assign: [] }).settings.assign).toEqual([])
  })

  it.each<[string, object]>([
    ['pullConsumer.ordering is not an option', { ordering: 'queue' }],
    ['pullConsumer.retry is not an option', { retry: {} }],
    ['assign is neither', { assign: 'all' }],
    ['assign is neither', { assign: [{ topic: 't' }] }],
    ['whose topic subscribe does not name', { assign: [{ ...queue, topic: 'other' }] }],
    ['twice', { assign: [queue, queue] }],
    ['autoCommit is 1', { autoCommit: 1 }],
    ['pollTimeoutMs is -1', { pollTimeoutMs: -1 }],
    ['commit.everyMs is 0', { commit: { everyMs: 0 } }],
    ['a group must not be blank', { group: ' ' }],
  ])('are refused: %s', (why, more) => {
    expect(() => resolve(more)).toThrow(why)
  })

  it('tell all that is wrong at once', () => {
    expect(() => resolve({ autoCommit: 0 as never, pollTimeoutMs: 0.5, group: '' })).toThrow('3 options of a pull')
  })
})

describe('the heartbeat of a pull consumer', () => {
  it.each<[string, Partial<PullConsumerOptions>, string[]]>([
    ['names its topics where queues are shared out, but no retry topic', {}, ['t']],
    ['names none where it chose its queues', { assign: [queue] }, []],
  ])('%s', (_, more, topics) => {
    const { settings } = resolve({ startFrom: 'first', ...more })
    const subscriptions = createSubscriptions(settings, 1)
    const { consumeType, consumeFromWhere, subscriptions: told } = subscriptions.data()
    expect([consumeType, consumeFromWhere]).toEqual(['CONSUME_ACTIVELY', 'CONSUME_FROM_LAST_OFFSET'])
    expect(told.map(({ topic }) => topic)).toEqual(topics)
    expect(subscriptions.of('t')).toMatchObject({ subString: 'a', expressionType: 'TAG' })
  })
})

describe('the request of a single pull', () => {
  const header = (more: Partial<PullOptions> = {}) => oncePull(queue, { offset: 3, ...more }).header

  it.each<[string, Partial<PullOptions>, object]>([
    ['asks for all, at once, as tools do', {}, { subscription: '*', sysFlag: 4, maxMsgNums: 32 }],
    ['names the group that every broker has', {}, { consumerGroup: 'TOOLS_CONSUMER', expressionType: 'TAG' }],
    ['may wait', { waitMs: 7 }, { sysFlag: 6 }],
    ['filters by tags', { filter: { tags: 'a || b' } }, { subscription: 'a || b', expressionType: 'TAG' }],
    ['filters by SQL92', { filter: { sql: 'n > 1' } }, { subscription: 'n > 1', expressionType: 'SQL92' }],
  ])('%s', (_, more, expected) => {
    expect(header(more)).toMatchObject(expected)
  })

  it.each<[string, object]>([
    ['offset is undefined', { offset: undefined }],
    ['not a safe integer', { offset: 0.5 }],
    ['offset -1 is below 0', { offset: -1 }],
    ['max is 1025', { max: 1_025 }],
    ['waitMs is -1', { waitMs: -1 }],
    ['pull.wait is not an option', { wait: 1 }],
    ['names no tag', { filter: { tags: ' || ' } }],
    ['codec is', { codec: {} }],
    ['a group must not be blank', { group: '' }],
  ])('is refused: %s', (why, more) => {
    expect(() => header(more)).toThrow(why)
  })
})
