import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notConnected, routeNotFound } from '../../src/errors.ts'
import {
  nextRoute,
  sameRoute,
  unknownRoute,
  type RouteOutcome,
  type RouteState,
} from '../../src/nameserver/route-state.ts'
import type { TopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { aBroker, aRoute } from '../support/builders.ts'

const TTL_MS = 60
const ONE = aRoute({ a: 'a:1' }, 1)
const TWO = aRoute({ a: 'a:1' }, 2)

const good = (at: number, value: TopicRoute = ONE): RouteOutcome => ({ ok: true, value, at })
const down = (at: number): RouteOutcome => ({ ok: false, error: notConnected('n:1'), at })
const gone = (at: number): RouteOutcome => ({ ok: false, error: routeNotFound('t', 'unknown'), at })

const doubted = (at: number): RouteOutcome => ({
  ok: false,
  error: routeNotFound('t', 'unknown'),
  at,
  doubted: true,
})

const after = (...outcomes: readonly RouteOutcome[]): RouteState =>
  outcomes.reduce(nextRoute(TTL_MS), unknownRoute('t'))

describe('what is known of a route', () => {
  it.each([
    ['nothing yet', [], 'unknown', 0, undefined],
    ['a route', [good(1)], 'known', 1, undefined],
    ['a newer route', [good(1), good(2, TWO)], 'known', 2, undefined],
    ['that nobody answers', [down(1)], 'unknown', 0, 'ERR_RMQ_CONNECT'],
    ['that the topic is unknown', [gone(1)], 'missing', 0, 'ERR_RMQ_ROUTE_NOT_FOUND'],
    ['the last route while nobody answers', [good(1), down(2)], 'known', 1, 'ERR_RMQ_CONNECT'],
    ['the last route, however long nobody answers', [good(1), down(1_000_000)], 'known', 1, 'ERR_RMQ_CONNECT'],
    [
      'the last route when the topic is unknown all at once',
      [good(1), gone(61)],
      'known',
      1,
      'ERR_RMQ_ROUTE_NOT_FOUND',
    ],
    [
      'nothing when the topic is unknown and its route was doubted',
      [good(1), doubted(2)],
      'missing',
      0,
      'ERR_RMQ_ROUTE_NOT_FOUND',
    ],
    ['nothing when the topic is unknown for longer', [good(1), gone(62)], 'missing', 0, 'ERR_RMQ_ROUTE_NOT_FOUND'],
    [
      'the last route while it is confirmed again and again',
      [good(1), good(60), gone(100)],
      'known',
      1,
      'ERR_RMQ_ROUTE_NOT_FOUND',
    ],
    ['nothing of a missing topic while nobody answers', [gone(1), down(2)], 'missing', 0, 'ERR_RMQ_CONNECT'],
    ['a route of a topic that was missing', [gone(1), good(2)], 'known', 1, undefined],
    ['a route after a failure', [good(1), down(2), good(3)], 'known', 1, undefined],
  ])('is %s', (_, outcomes, status, queues, code) => {
    const state = after(...outcomes)
    expect([state.status, state.publishQueues.length, state.error?.code]).toEqual([status, queues, code])
    expect(state.subscribeQueues).toHaveLength(queues)
    expect(state.route === undefined).toBe(queues === 0)
  })

  it('tells when the route was confirmed last, and when anybody was asked last', () => {
    const { confirmedAt, askedAt } = after(good(1), good(5), down(7))
    expect([confirmedAt, askedAt]).toEqual([5, 7])
    expect(after(gone(9))).toMatchObject({ confirmedAt: -Infinity, askedAt: 9 })
  })

  it('stays the very same route while it leads to the same places: nothing is built anew', () => {
    const first = after(good(1))
    const again = nextRoute(TTL_MS)(first, good(2, aRoute({ a: 'a:1' }, 1)))
    expect(again.route).toBe(first.route)
    expect(again.publishQueues).toBe(first.publishQueues)
  })

  it('never throws, and never has queues without a route, whatever happens', () => {
    const outcome = fc.oneof(
      fc.record({ ok: fc.constant(true as const), value: fc.constantFrom(ONE, TWO), at: fc.nat(200) }),
      fc.nat(200).map(at => down(at)),
      fc.nat(200).map(at => gone(at)),
    )
    fc.assert(
      fc.property(fc.array(outcome), outcomes => {
        const state = after(...(outcomes as RouteOutcome[]).toSorted((a, b) => a.at - b.at))
        expect(state.status === 'known').toBe(state.route !== undefined)
        expect(state.publishQueues.length > 0).toBe(state.route !== undefined)
      }),
    )
  })
})

describe('two routes', () => {
  const base: TopicRoute = {
    ...aRoute({ a: 'a:1', b: 'b:1' }, 2),
    brokerDatas: [
      aBroker('a', 'a:1'),
      aBroker('b', 'b:1', {
        brokerAddrs: new Map([
          [0, 'b:1'],
          [1, 'b:2'],
        ]),
      }),
    ],
  }

  it('are the same in whatever order their parts are told', () => {
    const turned: TopicRoute = {
      ...base,
      queueDatas: base.queueDatas.toReversed(),
      brokerDatas: [
        aBroker('b', 'b:1', {
          brokerAddrs: new Map([
            [1, 'b:2'],
            [0, 'b:1'],
          ]),
        }),
        aBroker('a', 'a:1'),
      ],
    }
    expect(sameRoute(base, turned)).toBe(true)
  })

  it.each<[string, TopicRoute]>([
    ['a broker is new', { ...base, ...aRoute({ a: 'a:1', b: 'b:1', c: 'c:1' }, 2) }],
    ['a broker has moved', { ...base, brokerDatas: [aBroker('a', 'a:9'), base.brokerDatas[1]!] }],
    ['a slave is gone', { ...base, brokerDatas: [base.brokerDatas[0]!, aBroker('b', 'b:1')] }],
    ['there are more queues', aRoute({ a: 'a:1', b: 'b:1' }, 3)],
    [
      'it may no longer be written',
      { ...base, ...aRoute({ a: 'a:1', b: 'b:1' }, 2, 4), brokerDatas: base.brokerDatas },
    ],
    ['its order is configured', { ...base, orderTopicConf: 'a:2;b:2' }],
    ['it became static', { ...base, isStatic: true }],
  ])('differ when %s', (_, other) => {
    expect(sameRoute(base, other)).toBe(false)
  })
})
