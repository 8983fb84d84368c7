import { describe, expect, it } from 'vitest'
import type { Fields, Frame } from '../../src/protocol/frames/frame.ts'
import type { Asker } from './asker.ts'
import { aBroker, anAsker, eventually } from './cluster.ts'
import { bodiesOf, messagesOf, sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310
const POP = 200_050
const ACK = 200_051
const PEEK = 200_052
const CHANGE = 200_053
const NOTIFICATION = 200_054
const POLLING_INFO = 200_055

const AT = { consumerGroup: 'g', topic: 'orders', queueId: '-1' }
const popFields = (more: Fields = {}): Fields => ({
  ...AT,
  maxMsgNums: '32',
  invisibleTime: '10000',
  pollTime: '0',
  bornTime: '0',
  initMode: '0',
  ...more,
})
const send = async (broker: Asker, ...bodies: readonly string[]): Promise<void> => {
  for (const body of bodies) expect((await broker.ask(SEND, sendFields('orders', 0), body)).code).toBe(0)
}
/** What acknowledges the message at a place of an answer. */
const ackFields = (answer: Frame, place = 0): Fields => {
  const { queueId, queueOffset, properties } = messagesOf(answer)[place]!
  const { startOffsetInfo = '', popTime, invisibleTime, reviveQid } = answer.fields
  const start = startOffsetInfo.split(' ')[2]
  const own = `${start} ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a ${queueId} ${queueOffset.toString()}`
  const extraInfo = properties['POP_CK'] ?? own
  const topic = extraInfo.split(' ')[4] === '1' ? '%RETRY%g_orders' : 'orders'
  return { ...AT, topic, queueId: String(queueId), extraInfo, offset: queueOffset.toString() }
}

/** One broker with a clock that goes on when it is told, and one queue. */
const aTimedBroker = async () => {
  const { scheduler, advanceTo } = virtualClock()
  advanceTo(1_000_000)
  const { cluster, broker } = await aBroker({ topics: { orders: 1 }, scheduler })
  return { cluster, broker, goTo: (ms: number) => advanceTo(1_000_000 + ms) }
}

describe('what is popped from the embedded broker', () => {
  it('is hidden to the millisecond, and then there again as a further attempt', async () => {
    const { broker, goTo } = await aTimedBroker()
    await send(broker, 'a')
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['a'])
    goTo(9_999)
    expect((await broker.ask(POP, popFields())).code).toBe(210)
    goTo(10_000)
    const again = await broker.ask(POP, popFields())
    expect(messagesOf(again)[0]).toMatchObject({ reconsumeTimes: 1, topic: 'orders' })
    expect(messagesOf(again)[0]?.properties['1ST_POP_TIME']).toBe('1000000')
    expect(again.fields['startOffsetInfo']).toBe('1 0 0')
    await broker.ask(ACK, ackFields(again))
    goTo(60_000)
    expect((await broker.ask(POP, popFields())).code).toBe(210)
  })

  it('is hidden for as long as it was told last, whatever the time before', async () => {
    const { broker, goTo } = await aTimedBroker()
    await send(broker, 'a', 'b')
    const given = await broker.ask(POP, popFields())
    goTo(9_000)
    const changed = await broker.ask(CHANGE, { ...ackFields(given), invisibleTime: '5000' })
    expect(changed.fields).toEqual({ popTime: '1009000', invisibleTime: '5000', reviveQid: given.fields['reviveQid'] })
    goTo(10_000)
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['b'])
    goTo(13_999)
    expect((await broker.ask(POP, popFields())).code).toBe(210)
    goTo(14_000)
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['a'])
  })

  it('comes again after a restart of the broker, too', async () => {
    const { cluster, broker, goTo } = await aTimedBroker()
    await send(broker, 'a')
    await broker.ask(POP, popFields())
    await cluster.killBroker()
    goTo(20_000)
    expect(cluster.peek('%RETRY%g_orders')).toEqual([]) // nothing falls due while it is down
    await cluster.restartBroker()
    goTo(20_000)
    const back = await anAsker(cluster.brokers[0])
    expect(bodiesOf(await back.ask(POP, popFields()))).toEqual(['a'])
  })

  it('is lost to the group when the store has dropped it meanwhile', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, scheduler, maxStoreBytes: 900 })
    await send(broker, '1'.repeat(200))
    await broker.ask(POP, popFields())
    await send(broker, ...['2', '3', '4', '5'].map(digit => digit.repeat(200)))
    advanceTo(10_000)
    expect(cluster.peek('%RETRY%g_orders')).toEqual([])
  })

  it('begins where the group has no progress: at the first message, or just before the end of what was dropped', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, maxStoreBytes: 900 })
    await send(broker, ...['1', '2', '3', '4'].map(digit => digit.repeat(200)))
    const kept = cluster.peek('orders').length
    const first = await broker.ask(POP, popFields({ consumerGroup: 'first' }))
    const last = await broker.ask(POP, popFields({ consumerGroup: 'last', initMode: '1' }))
    expect([messagesOf(first).length, messagesOf(last).length]).toEqual([kept, 1])
    expect(kept).toBeGreaterThan(1)
  })

  it('can be peeked at before, which takes nothing', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    await send(broker, 'a', 'b', 'c')
    const peeked = await broker.ask(PEEK, { ...AT, maxMsgNums: '2' })
    expect([bodiesOf(peeked), peeked.fields['restNum']]).toEqual([['a', 'b'], '1'])
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['a', 'b', 'c'])
  })
})

describe('a pop that waits at the embedded broker', () => {
  it('is answered with nothing a little before its time is over', async () => {
    const { broker, goTo } = await aTimedBroker()
    let answered: Frame | undefined
    void broker.ask(POP, popFields({ pollTime: '5000' })).then(answer => (answered = answer))
    await eventually(async () => (await broker.ask(POLLING_INFO, AT)).fields['pollingNum'] === '1', 'it is held')
    goTo(4_949)
    await broker.ask(POLLING_INFO, AT)
    expect(answered).toBeUndefined()
    goTo(4_950)
    await eventually(() => answered !== undefined, 'it is answered')
    expect(answered).toMatchObject({ code: 210, fields: { popTime: '1004950', startOffsetInfo: '' } })
    expect((await broker.ask(POLLING_INFO, AT)).fields['pollingNum']).toBe('0')
  })

  it('is woken by what comes again, and by what others acknowledge of a queue that is popped in order', async () => {
    const { cluster, broker, goTo } = await aTimedBroker()
    await send(broker, 'a')
    await broker.ask(POP, popFields())
    const other = await anAsker(cluster.brokers[0])
    const held = other.ask(POP, popFields({ pollTime: '60000' }))
    await eventually(async () => (await broker.ask(POLLING_INFO, AT)).fields['pollingNum'] === '1', 'it is held')
    goTo(10_000)
    expect(bodiesOf(await held)).toEqual(['a'])

    const ordered = popFields({ consumerGroup: 'fifo', order: 'true', maxMsgNums: '1' })
    await send(broker, 'b')
    const first = await broker.ask(POP, ordered)
    const next = other.ask(POP, { ...ordered, pollTime: '60000' })
    const fifo = { ...AT, consumerGroup: 'fifo' }
    await eventually(async () => (await broker.ask(POLLING_INFO, fifo)).fields['pollingNum'] === '1', 'it is held')
    await broker.ask(ACK, { ...ackFields(first), consumerGroup: 'fifo' })
    expect(bodiesOf(await next)).toEqual(['b'])
  })

  it('in order goes on when the time of the others is over', async () => {
    const { cluster, broker, goTo } = await aTimedBroker()
    await send(broker, 'a')
    const ordered = popFields({ order: 'true' })
    await broker.ask(POP, ordered)
    const other = await anAsker(cluster.brokers[0])
    const held = other.ask(POP, { ...ordered, pollTime: '60000' })
    await eventually(async () => (await broker.ask(POLLING_INFO, AT)).fields['pollingNum'] === '1', 'it is held')
    goTo(10_000)
    const again = await held
    expect([bodiesOf(again), again.fields['orderCountInfo']]).toEqual([['a'], '0 qo0%0 1;0 0 1'])
  })

  it('takes nothing once its connection is gone', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    const gone = await anAsker(cluster.brokers[0])
    gone.tell(POP, popFields({ pollTime: '60000' }))
    await eventually(async () => (await broker.ask(POLLING_INFO, AT)).fields['pollingNum'] === '1', 'it is held')
    gone.close()
    await eventually(async () => (await broker.ask(POLLING_INFO, AT)).fields['pollingNum'] === '0', 'it is forgotten')
    await send(broker, 'a')
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['a'])
  })

  it('may only ask whether there is something: that takes nothing and counts as no pop', async () => {
    const { broker } = await aBroker({ topics: { orders: 1 } })
    const notice = (pollTime: string) => broker.ask(NOTIFICATION, { ...AT, pollTime, bornTime: '0' })
    expect((await notice('0')).fields).toEqual({ hasMsg: 'false', pollingFull: 'false' })
    expect((await notice('100')).fields['hasMsg']).toBe('false')
    const held = notice('60000')
    expect((await broker.ask(POLLING_INFO, AT)).fields['pollingNum']).toBe('0')
    await send(broker, 'a')
    expect((await held).fields).toEqual({ hasMsg: 'true', pollingFull: 'false' })
    expect((await notice('0')).fields['hasMsg']).toBe('true')
    expect(bodiesOf(await broker.ask(POP, popFields()))).toEqual(['a'])
  })
})

describe('an embedded broker that is to act as one of 4.9', () => {
  it('refuses to pop by a fault', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    cluster.faults.refuse(POP, 3)
    expect((await broker.ask(POP, popFields())).code).toBe(3)
  })
})
