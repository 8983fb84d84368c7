import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTimed } from '../../src/embedded/timed.ts'
import { createTimers } from '../../src/embedded/timers.ts'
import { decodeRecallHandle, encodeRecallHandle } from '../../src/protocol/recall-handle.ts'
import { aBroker, eventually } from './cluster.ts'
import { sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310
const RECALL = 370

const aVirtualBroker = async () => {
  const { scheduler, advanceTo } = virtualClock()
  advanceTo(1_000_000)
  const { cluster, broker } = await aBroker({ topics: { orders: 2 }, scheduler })
  const send = (properties: Readonly<Record<string, string>>, body = 'later') =>
    broker.ask(SEND, sendFields('orders', 1, { UNIQ_KEY: 'U', ...properties }), body)
  const recall = (recallHandle: string | undefined, topic = 'orders') =>
    broker.ask(RECALL, { producerGroup: 'p', topic, recallHandle: recallHandle ?? '' })
  return { cluster, broker, advanceTo, send, recall }
}

describe('a message with a time of its own', () => {
  it('waits in the timer topic, whose record its sender is told of, with a handle to recall it by', async () => {
    const { cluster, send } = await aVirtualBroker()
    const answer = await send({ TIMER_DELAY_MS: '1500', TAGS: 'T' })
    expect(answer).toMatchObject({ code: 0, fields: { queueId: '1', queueOffset: '0', transactionId: 'U' } })
    expect(decodeRecallHandle(answer.fields['recallHandle']!)).toEqual({
      topic: 'orders',
      brokerName: 'broker-a',
      timestamp: '1001001',
      messageId: 'U',
    })
    expect(cluster.peek('orders')).toEqual([])
    const [waiting] = cluster.peek('rmq_sys_wheel_timer')
    expect(waiting?.properties).toMatchObject({ TIMER_OUT_MS: '1001000', REAL_TOPIC: 'orders', REAL_QID: '1' })
  })

  it.each([
    ['seconds', { TIMER_DELAY_SEC: '2' }, 1_002_000],
    ['milliseconds', { TIMER_DELAY_MS: '1' }, 1_001_000],
    ['milliseconds, whole seconds of them', { TIMER_DELAY_MS: '3000' }, 1_003_000],
    ['a point in time', { TIMER_DELIVER_MS: '1002001' }, 1_003_000],
    ['seconds before the others', { TIMER_DELAY_SEC: '1', TIMER_DELAY_MS: '9000', TIMER_DELIVER_MS: '9' }, 1_001_000],
    ['milliseconds before a point in time', { TIMER_DELAY_MS: '1000', TIMER_DELIVER_MS: '9' }, 1_001_000],
    ['the longest wait', { TIMER_DELAY_MS: '259200000' }, 260_200_000],
  ])('is delivered in the second that it names by %s, and not before', async (_, properties, dueMs) => {
    const { cluster, advanceTo, send } = await aVirtualBroker()
    await send(properties)
    advanceTo(dueMs - 1)
    expect(cluster.peek('orders')).toEqual([])
    advanceTo(dueMs)
    const [delivered] = cluster.peek('orders')
    expect(delivered).toMatchObject({ queueId: 1, storeTimestamp: dueMs })
    expect(delivered?.properties).toMatchObject({
      ...properties,
      TIMER_OUT_MS: String(dueMs - 1_000),
      TIMER_ENQUEUE_MS: '1000000',
      TIMER_DEQUEUE_MS: String(dueMs),
      UNIQ_KEY: 'U',
    })
    advanceTo(dueMs + 100_000)
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it.each([{ TIMER_DELAY_SEC: '0' }, { TIMER_DELAY_MS: '-100' }, { TIMER_DELIVER_MS: '999999' }])(
    'is delivered at once, without a handle, when that time is not in the future: %j',
    async properties => {
      const { cluster, send } = await aVirtualBroker()
      const answer = await send(properties)
      expect([answer.code, answer.fields['recallHandle']]).toEqual([0, undefined])
      expect(cluster.peek('orders')).toHaveLength(1)
    },
  )

  it('waits for its delay level instead, if it has one', async () => {
    const { cluster, send } = await aVirtualBroker()
    const answer = await send({ TIMER_DELAY_MS: '5000', TIMER_DELIVER_MS: '5', TIMER_DELAY_SEC: '5', DELAY: '1' })
    expect(answer.fields['recallHandle']).toBeUndefined()
    const [waiting] = cluster.peek('SCHEDULE_TOPIC_XXXX')
    expect(Object.keys(waiting?.properties ?? {}).filter(name => name.startsWith('TIMER'))).toEqual([])
  })

  it('survives the death of its broker, and comes at once if it came due meanwhile', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(SEND, sendFields('orders', 0, { TIMER_DELAY_MS: '1' }), 'later')
    await cluster.killBroker()
    await new Promise(resolve => setTimeout(resolve, 1_100)) // its second comes, and nobody is there
    expect(cluster.peek('orders')).toEqual([])
    await cluster.restartBroker()
    await eventually(() => cluster.peek('orders').length === 1, 'it is delivered')
  })

  it('is never early and less than two seconds late, whatever time it names', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_001, max: 259_000_000 }), wanted => {
        const { scheduler, advanceTo } = virtualClock()
        advanceTo(1_000_000)
        const timed = createTimed({ timers: createTimers(scheduler), deliver: () => undefined })
        const outMs = timed.outMsOf({ topic: 't', sysFlag: 0, properties: { TIMER_DELIVER_MS: String(wanted) } }) ?? NaN
        expect(outMs % 1_000).toBe(0)
        expect(outMs + 1_000).toBeGreaterThanOrEqual(wanted)
        expect(outMs + 1_000 - wanted).toBeLessThan(1_000)
      }),
    )
  })
})

describe('a message that was recalled', () => {
  it('is not delivered, others of that second are; its sender is told its id', async () => {
    const { cluster, advanceTo, send, recall } = await aVirtualBroker()
    const { fields } = await send({ TIMER_DELAY_MS: '5000' })
    await send({ TIMER_DELAY_MS: '5000', UNIQ_KEY: 'V' }, 'kept')
    expect(await recall(fields['recallHandle'])).toMatchObject({ code: 0, fields: { msgId: 'U' } })
    expect(await recall(fields['recallHandle'])).toMatchObject({ code: 0, fields: { msgId: 'U' } })
    advanceTo(1_100_000)
    expect(cluster.peek('orders').map(({ storedBody }) => storedBody.toString())).toEqual(['kept'])
  })

  it('need not have been there: nobody looks', async () => {
    const { recall } = await aVirtualBroker()
    const handle = { topic: 'orders', brokerName: 'broker-a', timestamp: '1005001', messageId: 'NOBODY' }
    expect(await recall(encodeRecallHandle(handle))).toMatchObject({ code: 0, fields: { msgId: 'NOBODY' } })
  })

  const HANDLE = { topic: 'orders', brokerName: 'broker-a', timestamp: '1005001', messageId: 'U' }
  it.each([
    ['of a topic that there is not', 17, 'unknown', encodeRecallHandle({ ...HANDLE, topic: 'unknown' }), /"unknown"/],
    ['of another topic', 604, 'orders', encodeRecallHandle({ ...HANDLE, topic: 'other' }), /another topic/],
    ['of another broker', 604, 'orders', encodeRecallHandle({ ...HANDLE, brokerName: 'broker-b' }), /another broker/],
    ['whose time has come', 604, 'orders', encodeRecallHandle({ ...HANDLE, timestamp: '1000000' }), /passed/],
    ['whose time is no number', 604, 'orders', encodeRecallHandle({ ...HANDLE, timestamp: 'soon' }), /passed/],
    ['whose time is far away', 604, 'orders', encodeRecallHandle({ ...HANDLE, timestamp: '260200000' }), /far away/],
    ['that cannot be read', 604, 'orders', 'rubbish!', /cannot be read/],
  ])('is refused by a handle %s', async (_, code, topic, handle, remark) => {
    const { recall } = await aVirtualBroker()
    const answer = await recall(handle, topic)
    expect(answer.code).toBe(code)
    expect(answer.remark).toMatch(remark)
  })
})
