import { describe, expect, it } from 'vitest'
import { consumeStatus, createConsumeMeter } from '../../src/consumer/group/consume-stats.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** A meter whose clock is set by hand. */
const atHand = () => {
  let at = 0
  const meter = createConsumeMeter(() => at)
  return { meter, goTo: (ms: number) => (at = ms) }
}

const NOTHING = {
  spanMs: 10_000,
  pulled: 0,
  pulledPerSecond: 0,
  pullMs: 0,
  ok: 0,
  okPerSecond: 0,
  failed: 0,
  failedPerSecond: 0,
  successRate: 1,
  consumeMs: 0,
}

describe('the statistics of a consumer', () => {
  it('are nothing at first', () => {
    const { at, since, total, topics, latencyMs } = atHand().meter.read()
    expect([at, since, topics.size, latencyMs.count]).toEqual([0, 0, 0, 0])
    const hour = { ...NOTHING, spanMs: 10 * MINUTE }
    expect(total).toEqual({ minute: NOTHING, hour, day: { ...NOTHING, spanMs: HOUR } })
  })

  it('tell per topic and in total what was pulled and consumed, and how fast', () => {
    const { meter, goTo } = atHand()
    meter.of('a').pulled(32, 4)
    meter.of('a').pulled(8, 6)
    meter.of('a').consumed(1, 0, 10)
    meter.of('a').consumed(1, 2, 20)
    meter.of('b').consumed(0, 1, 90)
    goTo(20 * SECOND)
    const { total, topics, latencyMs } = meter.read()
    expect(topics.get('a')?.minute).toEqual({
      spanMs: 20_000,
      pulled: 40,
      pulledPerSecond: 2,
      pullMs: 5,
      ok: 2,
      okPerSecond: 0.1,
      failed: 2,
      failedPerSecond: 0.1,
      successRate: 0.5,
      consumeMs: 15,
    })
    expect(topics.get('b')?.minute).toMatchObject({ pulled: 0, pullMs: 0, ok: 0, failed: 1, consumeMs: 90 })
    expect(total.minute).toMatchObject({ pulled: 40, ok: 2, failed: 3, successRate: 0.4, consumeMs: 40 })
    expect(latencyMs).toMatchObject({ count: 3, avg: 40, max: 90 })
  })

  it.each([
    [59 * SECOND, [1, 1, 1]],
    [69 * SECOND, [1, 1, 1]],
    [70 * SECOND, [0, 1, 1]],
    [HOUR, [0, 1, 1]],
    [70 * MINUTE, [0, 0, 1]],
    [24 * HOUR, [0, 0, 1]],
    [25 * HOUR, [0, 0, 0]],
    [1_000 * HOUR, [0, 0, 0]],
  ])('tell at %i ms of what happened at first: of minute, hour, day %j', (at, failed) => {
    const { meter, goTo } = atHand()
    meter.of('t').consumed(0, 1, 5)
    goTo(at)
    const { minute, hour, day } = meter.read().total
    expect([minute.failed, hour.failed, day.failed]).toEqual(failed)
  })

  it('forget a topic when they are told to, but not what it was in total', () => {
    const { meter } = atHand()
    meter.of('t').consumed(3, 0, 5)
    meter.forget('t')
    expect(meter.read().topics.size).toBe(0)
    expect(meter.read().total.minute.ok).toBe(3)
    meter.of('t').consumed(1, 0, 5)
    expect(meter.read().topics.get('t')?.minute.ok).toBe(1)
  })

  it('begin anew when they are reset, also for who holds the meter of a topic', () => {
    const { meter, goTo } = atHand()
    const topic = meter.of('t')
    topic.consumed(3, 0, 5)
    goTo(7)
    meter.reset()
    topic.consumed(1, 0, 5)
    const { since, total, topics, latencyMs } = meter.read()
    expect([since, total.minute.ok, topics.get('t')?.minute.ok, latencyMs.count]).toEqual([7, 1, 1, 1])
    expect(meter.of('t')).toBe(topic)
  })
})

describe('what tools of operators are told of a topic', () => {
  it('is rates of the last minute and the failures of the last hour', () => {
    const { meter, goTo } = atHand()
    meter.of('t').consumed(0, 7, 50)
    goTo(5 * MINUTE)
    meter.of('t').pulled(60, 3)
    meter.of('t').consumed(12, 6, 10)
    const recent = meter.read().total
    const { spanMs } = recent.minute
    expect(spanMs).toBe(MINUTE)
    expect(consumeStatus(recent)).toEqual({
      pullRT: 3,
      pullTPS: 1,
      consumeRT: 10,
      consumeOKTPS: 0.2,
      consumeFailedTPS: 0.1,
      consumeFailedMsgs: 13,
    })
  })

  it('is how long the handler took in the last hour when it had nothing to do in the last minute', () => {
    const { meter, goTo } = atHand()
    meter.of('t').consumed(1, 0, 50)
    goTo(5 * MINUTE)
    expect(consumeStatus(meter.read().total)).toMatchObject({ consumeRT: 50, consumeOKTPS: 0 })
  })
})
