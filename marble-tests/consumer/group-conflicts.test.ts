import Long from 'long'
import { map, takeUntil, type Observable } from 'rxjs'
import { describe, it } from 'vitest'
import type { SharedClient } from '../../src/client/shared-client.ts'
import { groupConflicts$ } from '../../src/consumer/subscriptions/group-conflicts.ts'
import { notConnected } from '../../src/errors.ts'
import type { RouteState } from '../../src/nameserver/route-state.ts'
import type { ConsumerData, GroupConnections } from '../../src/protocol/bodies/bodies.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import { aRoute } from '../../test/support/builders.ts'
import { marbles, type Marbles } from '../marbles.ts'

const MINE: ConsumerData = {
  groupName: 'g',
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptions: [tagSubscription('t', '*', Long.ONE)],
}
const members = (clientIds: string, tags = '*'): GroupConnections => ({
  ...MINE,
  connections: Array.from(clientIds, (clientId, n) => ({
    clientId,
    clientAddr: `10.0.0.${n}:5000`,
    language: 'JAVA',
    version: 1,
  })),
  subscriptions: [tagSubscription('t', tags, Long.ONE)],
})
/** What a broker says of the group: `-`s are how long it takes. */
const ANSWERS = { i: members('i'), I: members('ii'), d: members('iy', 'TagA') }
const FAILURE = notConnected('a:1')

/** The broker is asked every 10 ms, between heartbeats; the answers are drawn, one a question; `joined`: when the broker knows this member. */
const conflicts = (
  m: Marbles,
  answers: readonly string[] | ((at: number) => string),
  joined: string,
): Observable<string> => {
  let asked = 0
  const answerAt = (at: number) => (typeof answers === 'function' ? answers(at) : answers[asked++])
  const connections$ = () => m.cold(answerAt(m.scheduler.now()) ?? '-(i|)', ANSWERS, FAILURE)
  const asking = {
    broker: { membership: { consumerConnections$: connections$ } } as unknown as SharedClient['broker'],
    clientId: 'i',
    namespace: undefined,
    runtime: { scheduler: m.scheduler, random: () => 0 } as unknown as SharedClient['runtime'],
    timing: { heartbeatMs: 10 } as SharedClient['timing'],
  }
  const route = { topic: 't', route: aRoute({ a: 'a:1' }) } as unknown as RouteState
  return groupConflicts$(asking, { data: () => MINE }, () => [route], m.hot(joined)).pipe(
    map(([first = '']) => (first.startsWith('client id') ? 'n' : 'd')),
    takeUntil(m.cold('-------------------------e')),
  )
}

describe('the conflicts of a group', () => {
  it(
    'are none with oneself, whether or not the broker knows this member when it is asked',
    marbles(m => {
      m.expect(conflicts(m, ['-(i|)', '-(i|)', '-(i|)'], '--j')).toBeObservable('-------------------------|')
    }),
  )

  it(
    'with another one of the same client id are seen once this member has joined, at once, and told once',
    marbles(m => {
      const answers = ['--(i|)', '-(I|)', '-(I|)', '-(I|)']
      const joined = '-j'
      const seen = '  ---n---------------------|'
      m.expect(conflicts(m, answers, joined)).toBeObservable(seen)
    }),
  )

  it(
    'about subscriptions are seen between heartbeats, when the latest one of the group may be that of another member',
    marbles(m => {
      const ours = (at: number) => at % 10 < 3 // then comes the heartbeat of the other member
      m.expect(conflicts(m, at => (ours(at) ? '(i|)' : '(d|)'), '--j')).toBeObservable('-----d-------------------|')
    }),
  )

  it(
    'about subscriptions are seen before this member has joined; a broker that cannot be asked has no say',
    marbles(m => {
      const answers = ['-(d|)', '-#', '-(i|)', '-(d|)']
      const joined = '---j'
      const seen = '  -d-----------------------|'
      m.expect(conflicts(m, answers, joined)).toBeObservable(seen)
    }),
  )
})
