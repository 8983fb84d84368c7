import Long from 'long'
import { describe, expect, it } from 'vitest'
import { encodeHeartbeat } from '../../src/protocol/bodies/bodies.ts'
import { sqlSubscription } from '../../src/protocol/subscription.ts'
import type { Asker } from './asker.ts'
import { aBroker } from './cluster.ts'
import { bodiesOf, pullFields, sendFields } from './requests.ts'

const HEARTBEAT = 34
const CHECK = 46
const SEND = 310
const PULL = 11

const pullSql = (subscription: string, more: Parameters<typeof pullFields>[2] = {}) => ({
  ...pullFields('orders', 0, { ...more, subscription }),
  expressionType: 'SQL92',
})

const send = async (broker: Asker, properties: Readonly<Record<string, string>>, body: string): Promise<void> => {
  expect((await broker.ask(SEND, sendFields('orders', 0, properties), body)).code).toBe(0)
}

/** A heartbeat of a group that filters by SQL; `type` for types that no client of ours has. */
const join = async (broker: Asker, expression: string, type = 'SQL92'): Promise<void> => {
  const subscription = { ...sqlSubscription('orders', expression, Long.ONE), expressionType: type }
  const body = encodeHeartbeat({
    clientId: 'c1',
    producerGroups: [],
    consumers: [
      {
        groupName: 'g',
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptions: [subscription],
      },
    ],
  })
  expect((await broker.ask(HEARTBEAT, {}, body)).code).toBe(0)
}

/** Names its type as Go does: TAG, whatever the heartbeat said. */
const pullAsMember = { ...pullFields('orders', 0, { group: 'g' }), sysFlag: '0' }

describe('the embedded broker filters by SQL92', () => {
  it('pulls that bring their expression along', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await send(broker, { a: '5', region: 'eu' }, 'yes')
    await send(broker, { a: '2', region: 'eu' }, 'too small')
    await send(broker, { a: 'x', region: 'eu' }, 'no number')
    await send(broker, {}, 'no property')
    await send(broker, { a: '4', region: 'us', TAGS: 'TagA' }, 'by its tag')
    const answer = await broker.ask(PULL, pullSql("a > 3 AND (region = 'eu' OR TAGS = 'TagA')"))
    expect(bodiesOf(answer)).toEqual(['yes', 'by its tag'])
    expect(answer.fields['nextBeginOffset']).toBe('5')
    expect(await broker.ask(PULL, pullSql('a > 30'))).toMatchObject({ code: 20, fields: { nextBeginOffset: '5' } })
  })

  it('pulls of a member by what its heartbeat said', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await join(broker, 'a > 3')
    await send(broker, { a: '2' }, 'no')
    await send(broker, { a: '5' }, 'yes')
    expect(bodiesOf(await broker.ask(PULL, pullAsMember))).toEqual(['yes'])
  })

  it('what a held pull waits for', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const pull = broker.ask(PULL, pullSql('a > 3', { holdMs: 10_000 }))
    await send(broker, { a: '2' }, 'noise')
    await send(broker, { a: '5' }, 'signal')
    expect(bodiesOf(await pull)).toEqual(['signal'])
  })

  it.each([
    ['that cannot be read', 'a >', 'SQL92', 'expected a value'],
    ['of a type that there is not', 'a > 1', 'SQL99', 'no filters of type "SQL99"'],
  ])('and takes a heartbeat with an expression %s, but refuses its pulls', async (_, expression, type, remark) => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await join(broker, expression, type)
    const answer = await broker.ask(PULL, pullAsMember)
    expect(answer).toMatchObject({ code: 27, remark: expect.stringContaining(remark) as string })
  })

  it.each(['a >', ''])('and refuses a pull that brings along %j', async expression => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    expect((await broker.ask(PULL, pullSql(expression))).code).toBe(23)
  })

  it('only where enablePropertyFilter is not turned off', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 }, enablePropertyFilter: false })
    await join(broker, 'a > 1')
    const refused = { code: 1, remark: expect.stringContaining('enablePropertyFilter') as string }
    expect(await broker.ask(PULL, pullAsMember)).toMatchObject(refused)
    expect(await broker.ask(PULL, pullSql('a > 1'))).toMatchObject(refused)
    expect((await broker.ask(PULL, pullFields('orders', 0))).code).toBe(19)
    expect(await broker.ask(CHECK, {}, check('SQL92', 'a >'))).toMatchObject(refused)
    expect((await broker.ask(CHECK, {}, check('TAG', 'a'))).code).toBe(0)
  })
})

const check = (expressionType: string | undefined, subString: string): string =>
  JSON.stringify({
    clientId: 'c1',
    group: 'g',
    subscriptionData: { topic: 'orders', subString, subVersion: 1, expressionType },
  })

describe('a consumer that asks whether it can be served', () => {
  it.each([
    ['TAG', 'a || b', 0],
    [undefined, 'a', 0],
    ['SQL92', 'a > 1', 0],
    ['SQL92', 'a >', 23],
    ['SQL92', '', 23],
    ['SQL99', 'a > 1', 23],
  ])('is told of %s %j: code %i', async (type, expression, code) => {
    const { broker } = await aBroker()
    const answer = await broker.ask(CHECK, {}, check(type, expression))
    expect([answer.code, (answer.remark ?? '') !== '']).toEqual([code, code !== 0])
  })

  it('may have no subscription to be asked for', async () => {
    const { broker } = await aBroker()
    expect((await broker.ask(CHECK, {}, JSON.stringify({ clientId: 'c1', group: 'g' }))).code).toBe(0)
  })
})
