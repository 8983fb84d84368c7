import { describe, expect, it } from 'vitest'
import type { Asker } from './asker.ts'
import { aBroker } from './cluster.ts'
import { bodiesOf, messagesOf, sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310
const QUERY = 12

const query = (broker: Asker, key: string, more: Readonly<Record<string, string>> = {}) =>
  broker.ask(QUERY, {
    topic: 'orders',
    key,
    maxNum: '10',
    beginTimestamp: '0',
    endTimestamp: '9223372036854775807',
    ...more,
  })

describe('looking for messages at the embedded broker', () => {
  it('finds those with a key of the user, the newest first', async () => {
    const { broker } = await aBroker({ topics: { orders: 2, others: 1 } })
    await broker.ask(SEND, sendFields('orders', 0, { KEYS: 'k1 k2' }), 'old')
    await broker.ask(SEND, sendFields('orders', 1, { KEYS: 'k2' }), 'new')
    await broker.ask(SEND, sendFields('orders', 0, { KEYS: 'k22' }), 'longer key')
    await broker.ask(SEND, sendFields('orders', 0, { TAGS: 'k2' }), 'no key')
    await broker.ask(SEND, sendFields('others', 0, { KEYS: 'k2' }), 'elsewhere')
    const answer = await query(broker, 'k2')
    expect(bodiesOf(answer)).toEqual(['new', 'old'])
    expect(bodiesOf(await query(broker, 'k2', { maxNum: '1' }))).toEqual(['new'])
    expect(Number(answer.fields['indexLastUpdatePhyoffset'])).toBeGreaterThan(
      messagesOf(answer)[0]!.physicalOffset.toNumber(),
    )
    expect(answer.fields).toHaveProperty('indexLastUpdateTimestamp')
  })

  it('finds the one with a message id', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    for (const id of ['A1', 'A2']) await broker.ask(SEND, sendFields('orders', 0, { UNIQ_KEY: id }), id)
    expect(bodiesOf(await query(broker, 'A2', { _UNIQUE_KEY_QUERY: 'true', maxNum: '0' }))).toEqual(['A2'])
  })

  it('gives at most 64 of a key, 32 of a message id', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const fields = sendFields('orders', 0, { KEYS: 'k', UNIQ_KEY: 'A' })
    for (let n = 0; n < 70; n++) await broker.ask(SEND, fields, 'x')
    expect(bodiesOf(await query(broker, 'k', { maxNum: '100' }))).toHaveLength(64)
    expect(bodiesOf(await query(broker, 'A', { _UNIQUE_KEY_QUERY: 'true', maxNum: '100' }))).toHaveLength(32)
  })

  it('keeps to the time it is told', async () => {
    const clock = virtualClock()
    const { broker } = await aBroker({ topics: { orders: 1 }, scheduler: clock.scheduler })
    for (const at of [100, 200, 300]) {
      clock.advanceTo(at)
      await broker.ask(SEND, sendFields('orders', 0, { KEYS: 'k' }), `at ${at}`)
    }
    const answer = await query(broker, 'k', { beginTimestamp: '200', endTimestamp: '200' })
    expect(bodiesOf(answer)).toEqual(['at 200'])
  })

  it('answers 22 when there is none', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    expect((await query(broker, 'k')).code).toBe(22)
    await broker.ask(SEND, sendFields('orders', 0, { KEYS: 'k' }), 'x')
    expect((await query(broker, 'other')).code).toBe(22)
    expect((await query(broker, 'k', { endTimestamp: '1' })).code).toBe(22)
    expect((await query(broker, 'k', { topic: 'unknown' })).code).toBe(22)
  })
})
