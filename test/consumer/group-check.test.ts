import Long from 'long'
import { lastValueFrom, of, throwError, toArray, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { checkGroup$, disagreements } from '../../src/consumer/subscriptions/group-check.ts'
import type { Mine } from '../../src/consumer/subscriptions/group-check.ts'
import { RocketError } from '../../src/errors.ts'
import type { GroupConnections } from '../../src/protocol/bodies/bodies.ts'
import { tagSubscription } from '../../src/protocol/subscription.ts'
import type { SubscriptionData } from '../../src/protocol/subscription.ts'

const subscribed = (topics: Readonly<Record<string, string>>): readonly SubscriptionData[] =>
  Object.entries(topics).map(([topic, tags]) => tagSubscription(topic, tags, Long.ONE))
const sql = (topic: string, subString: string): SubscriptionData => ({
  ...tagSubscription(topic, '*', Long.ONE),
  subString,
  expressionType: 'SQL92',
})

const me = (more: Partial<Mine> = {}): Mine => ({
  clientId: 'me',
  groupName: 'g',
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptions: subscribed({ orders: 'TagA', '%RETRY%g': '*' }),
  ...more,
})
const them = (clientIds: string, more: Partial<GroupConnections> = {}): GroupConnections => ({
  connections: clientIds
    .split(' ')
    .filter(id => id !== '')
    .map((clientId, n) => ({ clientAddr: `10.0.0.${n}:5000`, clientId, language: 'JAVA', version: 479 })),
  consumeType: 'CONSUME_PASSIVELY',
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  subscriptions: subscribed({ orders: 'TagA' }),
  ...more,
})

describe('members of one group', () => {
  it.each([
    ['in the same way', {}],
    ['with the same tags in another order', { subscriptions: subscribed({ orders: 'TagA' }) }],
    ['from another start', { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' }],
    ['with another retry topic in the table', { subscriptions: subscribed({ orders: 'TagA', '%RETRY%x': '*' }) }],
  ])('agree when they consume %s', (_, more: Partial<GroupConnections>) => {
    expect(disagreements(me(), them('you', more))).toEqual([])
  })

  it('agree when their tags are the same set', () => {
    const [mine, theirs] = ['TagA || TagB', 'TagB||TagA||TagB'].map(orders => subscribed({ orders }))
    expect(disagreements(me({ subscriptions: mine! }), them('you', { subscriptions: theirs! }))).toEqual([])
  })

  it.each([
    [
      'other tags',
      { subscriptions: subscribed({ orders: 'TagB' }) },
      'topic "orders": this member subscribes to "TagA", members you to "TagB"',
    ],
    [
      'no tags',
      { subscriptions: subscribed({ orders: '*' }) },
      'topic "orders": this member subscribes to "TagA", members you to "*"',
    ],
    [
      'a filter of another type',
      { subscriptions: [sql('orders', 'a > 5')] },
      'topic "orders": this member subscribes to "TagA", members you to SQL92 "a > 5"',
    ],
    [
      'another way of sharing',
      { messageModel: 'BROADCASTING' as const },
      'group "g": this member consumes CLUSTERING, members you BROADCASTING',
    ],
    [
      'another type',
      { consumeType: 'CONSUME_POP' as const },
      'group "g": this member is of type CONSUME_PASSIVELY, members you of CONSUME_POP',
    ],
  ])('disagree about %s', (_, more: Partial<GroupConnections>, sentence) => {
    expect(disagreements(me(), them('you', more))).toEqual([sentence])
  })

  it('disagree about topics that only one of them has', () => {
    expect(disagreements(me(), them('you', { subscriptions: subscribed({ invoices: '*' }) }))).toEqual([
      'topic "orders": this member subscribes to "TagA", members you to none of it',
      'topic "invoices": this member subscribes to none of it, members you to "*"',
    ])
  })

  it('disagree about filters as texts', () => {
    const mine = me({ subscriptions: [sql('orders', 'a > 5')] })
    expect(disagreements(mine, them('you', { subscriptions: [sql('orders', ' a > 5 ')] }))).toEqual([])
    expect(disagreements(mine, them('you', { subscriptions: [sql('orders', `a > ${'5'.repeat(200)}`)] }))).toEqual([
      `topic "orders": this member subscribes to SQL92 "a > 5", members you to SQL92 "a > ${'5'.repeat(96)}…"`,
    ])
  })

  it('are named, but not all of many', () => {
    const [sentence] = disagreements(me(), them('a b c d e f g a', { messageModel: 'BROADCASTING' }))
    expect(sentence).toContain('members a, b, c, d, e and 2 more BROADCASTING')
  })

  it('have nobody to disagree with when they are alone', () => {
    const other = { subscriptions: subscribed({ invoices: '*' }), messageModel: 'BROADCASTING' as const }
    expect(disagreements(me(), them('', other))).toEqual([])
    expect(disagreements(me(), them('me', other))).toEqual([])
  })

  it('notice that one more has the same client id', () => {
    expect(disagreements(me(), them('me me'))).toEqual([
      'client id "me" is used by more than one member of group "g" (10.0.0.0:5000, 10.0.0.1:5000): ' +
        'they are given the same queues, and consume them twice',
    ])
  })
})

describe('asking a broker about a group', () => {
  const checked = (connections$: () => Observable<GroupConnections>, namespace?: string) =>
    lastValueFrom(checkGroup$({ connections$, namespace }, 'a:1', me()).pipe(toArray()))

  it('gives the disagreements as one list, or nothing', async () => {
    expect(await checked(() => of(them('you')))).toEqual([])
    expect(await checked(() => of(them('you', { messageModel: 'BROADCASTING' })))).toEqual([[expect.any(String)]])
  })

  it('compares topics by the names that users know', async () => {
    const wrapped = them('you', { subscriptions: subscribed({ 'ns%orders': 'TagA', '%RETRY%ns%g': '*' }) })
    expect(await checked(() => of(wrapped), 'ns')).toEqual([])
    expect(await checked(() => of(wrapped))).toHaveLength(1)
  })

  it('gives nothing when the group has no member yet, and fails when the broker does', async () => {
    const refused = (responseCode: number) =>
      throwError(() => new RocketError('ERR_RMQ_BROKER', 'refused', { responseCode }))
    expect(await checked(() => refused(206))).toEqual([])
    await expect(checked(() => refused(16))).rejects.toThrow('refused')
  })
})
