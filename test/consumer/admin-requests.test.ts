import Long from 'long'
import { EMPTY, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { MemberView } from '../../src/consumer/group/member-view.ts'
import {
  decodeConsumedDirectly,
  decodeConsumerStatus,
  decodeRunningInfo,
  encodeResetOffsets,
} from '../../src/protocol/bodies/bodies.ts'
import type { QueueOffset } from '../../src/protocol/bodies/bodies.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import { aMember, askedMembers, aQueueView } from '../support/a-member.ts'
import { aQueue, storedBytes } from '../support/builders.ts'

const RESET = 220
const STATUS = 221
const RUNNING = 307
const DIRECTLY = 309

const at = (topic: string, offset: number, queueId = 0): QueueOffset => ({
  queue: aQueue('a', queueId, topic),
  offset: Long.fromNumber(offset),
})
const resetFields = (more: Readonly<Record<string, string>> = {}) => ({
  topic: 'orders',
  group: 'g',
  timestamp: '-1',
  isForce: 'true',
  ...more,
})

/** Members that note what they are told to go back to. */
const resettable = (group: string) => {
  const resets: (readonly (readonly [string, QueueOffset])[])[] = []
  const member = aMember({ group, reset: offsets => resets.push([...offsets]) })
  return { resets, member }
}

describe('a member that is told to go on elsewhere', () => {
  it('does so in the queues of the topic, and answers nobody', () => {
    const { resets, member } = resettable('g')
    const asked = askedMembers([member])
    asked.tell(RESET, resetFields(), encodeResetOffsets([at('orders', 5), at('orders', 6, 1), at('others', 7)]))
    expect(resets).toEqual([
      [
        ['orders@a:0', at('orders', 5)],
        ['orders@a:1', at('orders', 6, 1)],
      ],
    ])
    expect(asked.answers).toEqual([])
  })

  it('is the only one of its client that does', () => {
    const [one, two] = [resettable('one'), resettable('two')]
    askedMembers([one.member, two.member]).tell(
      RESET,
      resetFields({ group: 'two' }),
      encodeResetOffsets([at('orders', 5)]),
    )
    expect([one.resets.length, two.resets.length]).toEqual([0, 1])
  })

  it('knows its topics by their plain names, also in a namespace', () => {
    const { resets, member } = resettable('g')
    // the fields are in plain names by then
    askedMembers([member], 'ns').tell(RESET, resetFields(), encodeResetOffsets([at('ns%orders', 5)]))
    expect(resets).toEqual([[['orders@a:0', at('orders', 5)]]])
  })

  it.each([
    ['no JSON', 'nonsense'],
    ['an offset before the first', '{"offsetTable":{{"brokerName":"a","queueId":0,"topic":"orders"}:-1}}'],
    ['nothing', ''],
  ])('refuses %s and stays where it is', (_, body) => {
    const { resets, member } = resettable('g')
    const answer = askedMembers([member]).ask(RESET, resetFields(), Buffer.from(body))
    expect(answer?.code).toBe(1)
    expect(resets).toEqual([])
  })
})

describe('a member that is asked where it stands', () => {
  const member = aMember({
    queues: () => [
      aQueueView(),
      aQueueView({ queue: aQueue('a', 1, 'orders'), commitPoint: Long.MAX_VALUE }),
      aQueueView({ queue: aQueue('a', 0, '%RETRY%g'), commitPoint: Long.ZERO }),
    ],
  })
  const statusOf = (fields: Readonly<Record<string, string>>, namespace?: string) => {
    const answer = askedMembers([aMember({ group: 'other' }), member], namespace).ask(STATUS, fields)
    expect(answer?.code).toBe(0)
    return decodeConsumerStatus(answer!.body).own.map(
      ({ queue, offset }) => `${queue.topic} ${queue.queueId} ${offset.toString()}`,
    )
  }

  it('tells its commit points in that topic', () => {
    expect(statusOf({ group: 'g', topic: 'orders' })).toEqual(['orders 0 40', 'orders 1 9223372036854775807'])
  })

  it('tells those of all its topics when none is named', () => {
    expect(statusOf({ group: 'g', topic: '' })).toHaveLength(3)
  })

  it('names topics as brokers do', () => {
    expect(statusOf({ group: 'g', topic: '' }, 'ns').map(line => line.split(' ')[0])).toEqual([
      'ns%orders',
      'ns%orders',
      '%RETRY%ns%g',
    ])
  })

  it('tells nothing of a group that has no member here', () => {
    expect(statusOf({ group: 'elsewhere', topic: 'orders' })).toEqual([])
  })
})

describe('a member that is asked what it does', () => {
  const infoOf = (more: Partial<MemberView> = {}, namespace?: string) => {
    const asked = askedMembers([aMember(more), aMember({ group: 'other', startedAt: 5 })], namespace)
    const answer = asked.ask(RUNNING, { consumerGroup: 'g', clientId: 'c', jstackEnable: 'true' })
    expect(answer?.code).toBe(0)
    return decodeRunningInfo(answer!.body)
  }

  it('tells what tools cannot do without, and its settings', () => {
    expect(infoOf().properties).toEqual({
      'flow.span': '2000',
      PROP_CLIENT_VERSION: 'V5_3_3',
      PROP_CONSUMEORDERLY: 'false',
      PROP_CONSUMER_START_TIMESTAMP: '1000',
      PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
      PROP_NAMESERVER_ADDR: 'n1:9876;n2:9876;',
      PROP_THREADPOOL_CORE_SIZE: '20',
    })
  })

  it('does not let a setting hide those', () => {
    const settings = () => ({ PROP_CONSUME_TYPE: 'mine', PROP_CONSUMER_START_TIMESTAMP: '' })
    expect(infoOf({ settings }).properties).toMatchObject({
      PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
      PROP_CONSUMER_START_TIMESTAMP: '1000',
    })
  })

  it('tells of each queue how far it is and what it has in hand', () => {
    expect(infoOf().queues).toEqual([
      {
        queue: aQueue('a', 0, 'orders'),
        commitOffset: Long.fromNumber(40),
        cachedMsgMinOffset: Long.fromNumber(40),
        cachedMsgMaxOffset: Long.fromNumber(73),
        cachedMsgCount: 32,
        cachedMsgSizeInMiB: 3,
        locked: false,
        tryUnlockTimes: 0,
        dropped: false,
        lastLockTimestamp: 0,
        lastPullTimestamp: 2_000,
        lastConsumeTimestamp: 3_000,
      },
    ])
    const idle = infoOf({ queues: () => [aQueueView({ oldest: undefined, newest: undefined, unsettled: 0 })] })
    expect(idle.queues[0]).toMatchObject({ cachedMsgMinOffset: Long.ZERO, cachedMsgMaxOffset: Long.ZERO })
  })

  it('tells its subscriptions in the order of their topics, and how fast each goes', () => {
    const { subscriptions, topics } = infoOf()
    expect(subscriptions.map(({ topic, subString }) => `${topic} ${subString}`)).toEqual(['%RETRY%g *', 'orders TagA'])
    expect([...topics.keys()]).toEqual(['orders', '%RETRY%g'])
    expect(topics.get('orders')).toMatchObject({ pullRT: 1.5, consumeFailedMsgs: Long.fromNumber(5) })
  })

  it('names topics as brokers do', () => {
    const { subscriptions, topics, queues } = infoOf({}, 'ns')
    expect(subscriptions.map(({ topic }) => topic)).toEqual(['%RETRY%ns%g', 'ns%orders'])
    expect([...topics.keys()]).toEqual(['ns%orders', '%RETRY%ns%g'])
    expect(queues.map(({ queue }) => queue.topic)).toEqual(['ns%orders'])
  })

  it('says so when the group has no member here', () => {
    const answer = askedMembers([aMember()]).ask(RUNNING, { consumerGroup: 'elsewhere', clientId: 'c' })
    expect(answer).toMatchObject({ code: 1, remark: 'consumer group "elsewhere" has no member here' })
  })

  it('is the one of its client that is in the group', () => {
    const [one, two] = ['one', 'two'].map(group => aMember({ group, subscriptions: () => subscribed(group) }))
    const answer = askedMembers([one!, two!]).ask(RUNNING, { consumerGroup: 'two', clientId: 'c' })
    expect(decodeRunningInfo(answer!.body).subscriptions.map(({ topic }) => topic)).toEqual(['topic-of-two'])
  })

  it('answers no longer once it has left', () => {
    const asked = askedMembers([aMember()])
    asked.leave()
    expect(asked.ask(RUNNING, { consumerGroup: 'g', clientId: 'c' })?.code).toBe(3)
  })
})

describe('a member that is given a message directly', () => {
  const FIELDS = { consumerGroup: 'g', clientId: 'c', msgId: 'm', brokerName: 'a' }
  const consumed = (more: Partial<MemberView> = {}, body: Buffer = storedBytes({ offset: 9, topic: 'orders' })) =>
    askedMembers([aMember(more)]).ask(DIRECTLY, FIELDS, body)
  const resultOf = (more: Partial<MemberView>) => {
    const answer = consumed(more)
    expect(answer?.code).toBe(0)
    return decodeConsumedDirectly(answer!.body)
  }

  it('gives it to its handler, as the broker stored it', () => {
    const given: StoredMessage[] = []
    const consumeDirectly$: MemberView['consumeDirectly$'] = stored => {
      given.push(stored)
      return of({ result: 'CR_SUCCESS' })
    }
    expect(resultOf({ consumeDirectly$ })).toMatchObject({
      consumeResult: 'CR_SUCCESS',
      order: false,
      autoCommit: true,
    })
    expect(given.map(({ topic, queueOffset }) => `${topic} ${queueOffset.toString()}`)).toEqual(['orders 9'])
  })

  it.each([
    ['what it says', () => of({ result: 'CR_LATER', remark: 'busy' } as const), 'CR_LATER', 'busy'],
    ['an error', () => throwError(() => new TypeError('no luck')), 'CR_THROW_EXCEPTION', 'TypeError: no luck'],
    [
      'what is thrown at once',
      () => {
        throw new Error('no luck')
      },
      'CR_THROW_EXCEPTION',
      'Error: no luck',
    ],
    ['nothing', () => EMPTY, 'CR_RETURN_NULL', undefined],
  ] as const)('answers %s', (_, consumeDirectly$, consumeResult, remark) => {
    const why = remark === undefined ? {} : { remark }
    const spentTimeMills = expect.any(Number) as unknown
    const result = resultOf({ consumeDirectly$, orderly: true })
    expect(result).toEqual({ consumeResult, order: true, autoCommit: true, ...why, spentTimeMills })
  })

  it('does not tell a long story', () => {
    const { remark } = resultOf({ consumeDirectly$: () => throwError(() => new Error('x'.repeat(5_000))) })
    expect(remark).toHaveLength(1_000)
  })

  it.each([
    ['none', Buffer.alloc(0), 'expected one, not 0'],
    ['two', Buffer.concat([storedBytes(), storedBytes({ offset: 1 })]), 'expected one, not 2'],
    ['half of one', storedBytes().subarray(0, 60), 'stored message 1 at byte 0'],
    ['one and rubbish', Buffer.concat([storedBytes(), Buffer.from('rubbish')]), 'stored message 2'],
  ])('refuses %s without calling the handler', (_, body, why) => {
    let calls = 0
    const answer = consumed({ consumeDirectly$: () => (calls++, EMPTY) }, body)
    expect(answer?.code).toBe(1)
    expect(answer?.remark).toContain(why)
    expect(calls).toBe(0)
  })

  it('says so when the group has no member here', () => {
    const answer = askedMembers([aMember({ group: 'other' })]).ask(DIRECTLY, FIELDS, storedBytes())
    expect(answer).toMatchObject({ code: 1, remark: 'consumer group "g" has no member here' })
  })
})

const subscribed = (group: string) => [tagSubscription(`topic-of-${group}`, '*', Long.ONE)]
