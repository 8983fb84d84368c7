import { describe, expect, it } from 'vitest'
import { parseDelayLevels } from '../../src/embedded/delay-levels.ts'
import { createDelays } from '../../src/embedded/delays.ts'
import type { Timers } from '../../src/embedded/timers.ts'
import { aBroker, eventually } from './cluster.ts'
import { sendFields } from './requests.ts'
import { virtualClock } from './virtual-clock.ts'

const SEND = 310

describe('a delayed message', () => {
  it('waits in the schedule topic, whose record its sender is told of', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 4 } })
    const answer = await broker.ask(SEND, sendFields('orders', 3, { DELAY: '5', TAGS: 'T', UNIQ_KEY: 'U' }), 'later')
    expect(answer).toMatchObject({ code: 0, fields: { queueId: '3', queueOffset: '0', transactionId: 'U' } })
    expect(cluster.peek('orders')).toEqual([])
    const [waiting] = cluster.peek('SCHEDULE_TOPIC_XXXX')
    expect(waiting).toMatchObject({ queueId: 4 })
    expect(waiting?.properties).toMatchObject({ DELAY: '5', REAL_TOPIC: 'orders', REAL_QID: '3' })
  })

  it('is delivered after exactly the time of its level, with its properties as they were', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 2 }, scheduler })
    await broker.ask(SEND, { ...sendFields('orders', 1, { DELAY: '4', TAGS: 'T' }), h: '3' }, 'later')
    advanceTo(29_999)
    expect(cluster.peek('orders')).toEqual([])
    advanceTo(30_000)
    const [delivered] = cluster.peek('orders')
    expect(delivered).toMatchObject({ queueId: 1, flag: 3, storeTimestamp: 30_000, bornTimestamp: 1_700_000_000_000 })
    expect(delivered?.queueOffset.toString()).toBe('0')
    expect(delivered?.properties).toMatchObject({ DELAY: '4', REAL_TOPIC: 'orders', REAL_QID: '1', TAGS: 'T' })
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')).toHaveLength(1)
    advanceTo(100_000)
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('goes to the last level when it asks for a higher one', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, scheduler })
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '19' }), 'much later')
    expect(cluster.peek('SCHEDULE_TOPIC_XXXX')[0]?.properties).toMatchObject({ DELAY: '18' })
    advanceTo(7_199_999)
    expect(cluster.peek('orders')).toEqual([])
    advanceTo(7_200_000)
    expect(cluster.peek('orders')).toHaveLength(1)
  })

  it('overtakes one of a longer level, never one of its own', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, scheduler })
    for (const [level, body] of [
      ['2', 'slow'],
      ['1', 'first'],
      ['1', 'second'],
    ] as const) {
      await broker.ask(SEND, sendFields('orders', 0, { DELAY: level }), body)
    }
    advanceTo(5_000)
    expect(cluster.peek('orders').map(message => message.storedBody.toString())).toEqual(['first', 'second', 'slow'])
  })

  it('comes in its turn when another of its level was sent before', async () => {
    const { scheduler, advanceTo } = virtualClock()
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, scheduler })
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '1' }), 'first')
    advanceTo(400)
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '1' }), 'second')
    advanceTo(1_000)
    expect(cluster.peek('orders')).toHaveLength(1)
    advanceTo(1_400)
    expect(cluster.peek('orders').map(message => message.storeTimestamp)).toEqual([1_000, 1_400])
  })

  it('is never early, though the alarm of a clock may be', () => {
    const delivered: number[] = []
    const ringing: (() => void)[] = []
    let nowMs = 0
    const timers: Timers = {
      now: () => nowMs,
      after: (_, work) => {
        ringing.push(work)
        return { cancel: () => undefined }
      },
      pause: () => undefined,
      resume: () => undefined,
      stop: () => undefined,
    }
    const delays = createDelays({ levelsMs: [10], timers, deliver: () => void delivered.push(nowMs) })
    delays.add(
      {
        topic: 't',
        queueId: 0,
        queueOffset: 0,
        physicalOffset: 0,
        storeTimestamp: 0,
        tagCode: 0,
        bytes: Buffer.alloc(0),
      },
      1,
    )
    nowMs = 9
    ringing.shift()?.()
    expect(delivered).toEqual([])
    nowMs = 10
    ringing.shift()?.()
    expect(delivered).toEqual([10])
    expect(ringing).toEqual([])
  })

  it('is not delayed by a level of 0 or below, nor as an unfinished part of a transaction', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 } })
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '0' }), 'now')
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '-1' }), 'now')
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '3' }, { f: '4' }), 'half')
    expect(cluster.peek('orders')).toHaveLength(3)
  })

  it('survives the death of its broker, and comes at once if it came due meanwhile', async () => {
    const { cluster, broker } = await aBroker({ topics: { orders: 1 }, delayLevels: '80ms 150ms' })
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '1' }), 'due while dead')
    await broker.ask(SEND, sendFields('orders', 0, { DELAY: '2' }), 'due after')
    await cluster.killBroker()
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(cluster.peek('orders')).toEqual([])
    await cluster.restartBroker()
    await eventually(() => cluster.peek('orders').length === 2, 'both are delivered')
    expect(cluster.peek('orders').map(message => message.storedBody.toString())).toEqual([
      'due while dead',
      'due after',
    ])
  })
})

describe('delay levels', () => {
  it('are read from the text of the broker option', () => {
    expect(parseDelayLevels('1s 5m  2h 30d 20ms')).toEqual([1_000, 300_000, 7_200_000, 2_592_000_000, 20])
  })

  it.each(['', '1', '1x', 's', '-1s', '1.5s'])('are refused when one is "%s"', text => {
    expect(() => parseDelayLevels(text)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })
})
