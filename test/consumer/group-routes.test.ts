import { describe, expect, it } from 'vitest'
import { addressOf, endpointsOf } from '../../src/consumer/subscriptions/group-routes.ts'
import { nextAssignment } from '../../src/consumer/allocation/rebalance.ts'
import { queueKey } from '../../src/messages/offsets.ts'
import { nextRoute, unknownRoute, type RouteState } from '../../src/nameserver/route-state.ts'
import type { TopicRoute } from '../../src/protocol/bodies/bodies.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { aBroker, aQueue, aRoute, nameOf, queuesNamed } from '../support/builders.ts'

const known = (topic: string, value: TopicRoute): RouteState =>
  nextRoute(1)(unknownRoute(topic), { ok: true, value, at: 0 })

const replicated: TopicRoute = {
  ...aRoute({ a: 'a:1', b: 'b:1' }),
  brokerDatas: [
    aBroker('a', 'a:1', {
      brokerAddrs: new Map([
        [0, 'a:1'],
        [1, 'a:2'],
      ]),
    }),
    aBroker('b', 'b:1', { brokerAddrs: new Map([[2, 'b:3']]) }),
  ],
}
const states = [known('t', replicated), unknownRoute('u')]

describe('the address to ask about a queue', () => {
  it.each([
    ['the master', 'a', 0, 'a:1'],
    ['the replica that the broker suggested', 'a', 1, 'a:2'],
    ['the master when the suggested replica is gone', 'a', 7, 'a:1'],
    ['any replica when the master is gone', 'b', 0, 'b:3'],
    ['nowhere when the broker is in no route', 'c', 0, undefined],
  ])('is %s', (_, broker, suggested, address) => {
    expect(addressOf(states, aQueue(broker), suggested)).toBe(address)
  })

  it('is nowhere while the topic has no route', () => {
    expect(addressOf(states, aQueue('a', 0, 'u'))).toBeUndefined()
    expect(addressOf(states, aQueue('a', 0, 'other'))).toBeUndefined()
  })
})

describe('the brokers that must know a consumer', () => {
  it('are the masters and replicas of all its topics, each once', () => {
    const all = [...states, known('v', aRoute({ a: 'a:1', c: 'c:1' }))]
    expect([...endpointsOf(all)]).toEqual(['a:1', 'a:2', 'b:3', 'c:1'])
  })
})

describe('the next assignment', () => {
  const held = new Map([...queuesNamed('a0 a1'), ...queuesNamed('b0', 'u')].map(queue => [queueKey(queue), queue]))
  const after = (...decisions: { topic: string; queues: readonly MessageQueue[] | undefined }[]) =>
    [...nextAssignment(held, decisions).values()].map(queue => `${queue.topic}:${nameOf(queue)}`)

  it('holds what was decided, topic by topic', () => {
    expect(after({ topic: 't', queues: queuesNamed('a1 a2') }, { topic: 'u', queues: [] })).toEqual(['t:a1', 't:a2'])
  })

  it('keeps what is held of a topic that could not be decided', () => {
    expect(after({ topic: 't', queues: undefined }, { topic: 'u', queues: undefined })).toEqual([
      't:a0',
      't:a1',
      'u:b0',
    ])
  })

  it('gives up the topics that nobody decided about any more', () => {
    expect(after({ topic: 'u', queues: undefined })).toEqual(['u:b0'])
  })
})
