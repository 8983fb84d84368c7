import Long from 'long'
import { describe, expect, it } from 'vitest'
import {
  decodeAssignmentQuery,
  decodeAssignments,
  decodeClientCheck,
  encodeClientCheck,
  decodeLockedQueues,
  decodeLockRequest,
  encodeAssignmentQuery,
  encodeAssignments,
  encodeLockedQueues,
  encodeLockRequest,
} from '../../src/protocol/bodies/bodies.ts'
import { sqlSubscription } from '../../src/protocol/subscription.ts'
import { vectorFiles } from '../support/golden.ts'

const QUEUE = { topic: 'orders', brokerName: 'broker-a', queueId: 3 }
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('a lock of queues', () => {
  it('is asked for and granted queue by queue', () => {
    const request = { consumerGroup: 'g', clientId: 'c', queues: [QUEUE] }
    expect(decodeLockRequest(encodeLockRequest(request))).toEqual(request)
    expect(decodeLockedQueues(encodeLockedQueues([QUEUE]))).toEqual([QUEUE])
    expect(decodeLockedQueues(encodeLockedQueues([]))).toEqual([])
  })

  it.each([
    ['without its queues', { consumerGroup: 'g', clientId: 'c' }, 'mqSet'],
    ['without its client', { consumerGroup: 'g', mqSet: [] }, 'clientId'],
    ['of a queue without a name', { consumerGroup: 'g', clientId: 'c', mqSet: [{ topic: 't' }] }, 'brokerName'],
  ])('%s is refused', (_, request, member) => {
    expect(() => decodeLockRequest(json(request))).toThrow(member)
  })
})

describe('an assignment of queues', () => {
  it('is asked for by topic, group, client and strategy', () => {
    const query = { topic: 't', consumerGroup: 'g', clientId: 'c', strategyName: 'AVG', messageModel: 'CLUSTERING' }
    expect(decodeAssignmentQuery(encodeAssignmentQuery(query))).toEqual(query)
  })

  it('says of each queue how it is consumed', () => {
    const assignments = [
      { queue: QUEUE, mode: 'PULL' },
      { queue: { ...QUEUE, queueId: -1 }, mode: 'POP' },
    ] as const
    expect(decodeAssignments(encodeAssignments(assignments))).toEqual(assignments)
  })

  it('tells an empty result from none', () => {
    expect(decodeAssignments(encodeAssignments([]))).toEqual([])
    expect(decodeAssignments(encodeAssignments(undefined))).toBeUndefined()
    expect(decodeAssignments(json({ messageQueueAssignments: null }))).toBeUndefined()
  })

  it.each([
    ['of an unknown mode', { messageQueue: QUEUE, mode: 'PUSH' }, /mode: expected PULL or POP/],
    ['of no queue', { mode: 'PULL' }, /messageQueue: expected an object/],
  ])('%s is refused', (_, assignment, message) => {
    expect(() => decodeAssignments(json({ messageQueueAssignments: [assignment] }))).toThrow(message)
  })
})

describe('a check of a client', () => {
  it('tells the subscription, if there is one', () => {
    const subscriptionData = { topic: 't', subString: 'a > 1', expressionType: 'SQL92', subVersion: 5 }
    const { subscription, ...client } = decodeClientCheck(json({ clientId: 'c', group: 'g', subscriptionData }))
    expect(client).toEqual({ clientId: 'c', consumerGroup: 'g' })
    expect(subscription).toMatchObject({ topic: 't', subString: 'a > 1', expressionType: 'SQL92' })
    expect(decodeClientCheck(json({ clientId: 'c', group: 'g' })).subscription).toBeUndefined()
  })

  it('is written as the official client writes it', () => {
    const subscription = sqlSubscription('orders', "a > 1 AND b = '订单'", Long.fromString('1758273940123000111'))
    const check = { clientId: 'c', consumerGroup: 'g', subscription }
    expect(decodeClientCheck(encodeClientCheck(check))).toEqual(check)
    const frames = vectorFiles().flatMap(({ vectors }) => vectors)
    const { input } = frames.find(({ name }) => name === 'frame/binary/request/CHECK_CLIENT_CONFIG') as unknown as {
      readonly input: { readonly body: string }
    }
    const official = Buffer.from(input.body, 'hex')
    expect(JSON.parse(encodeClientCheck(decodeClientCheck(official)).toString())).toEqual(
      JSON.parse(official.toString()),
    )
    const without = { clientId: 'c', consumerGroup: 'g', subscription: undefined }
    expect(decodeClientCheck(encodeClientCheck(without))).toEqual(without)
  })
})
