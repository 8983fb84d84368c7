import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, createLatencyWindow, msOf } from '../../src/observability/latency-window.ts'

describe('a window of latencies', () => {
  it('is empty at first', () => {
    const nothing = { count: 0, avg: 0, p50: 0, p95: 0, p99: 0, max: 0 }
    expect(createLatencyWindow(() => 0).read()).toEqual(nothing)
  })

  it('tells average, percentiles and the longest', () => {
    const window = createLatencyWindow(() => 0)
    for (let ms = 1; ms <= 50; ms++) window.add(ms)
    expect(window.read()).toEqual({ count: 50, avg: 25.5, p50: 25, p95: 48, p99: 50, max: 50 })
  })

  it.each<[at: number, left: readonly number[]]>([
    [59, [1, 2]],
    [60, [1, 2]],
    [119, [1, 2]],
    [121, [2]],
    [179, [2]],
    [181, []],
    [100_000, []],
  ])('forgets what is older than two windows, and never what is younger than one: at %i', (at, left) => {
    let now = 0
    const window = createLatencyWindow(() => now, 60)
    window.add(1)
    now = 60
    window.add(2)
    now = at
    if (at >= 120) window.read()
    expect(window.read()).toMatchObject({ count: left.length, max: Math.max(0, ...left) })
    window.add(7)
    expect(window.read().count).toBe(left.length + 1)
  })

  it('begins anew when it is reset', () => {
    const window = createLatencyWindow(() => 0)
    window.add(1_000)
    window.reset()
    window.add(3)
    expect(window.read()).toEqual({ count: 1, avg: 3, p50: 3, p95: 3, p99: 3, max: 3 })
  })

  it('is wrong by 3 % at most, however long something took', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), ms => {
        const told = msOf(bucketOf(ms))
        expect(told).toBeGreaterThanOrEqual(ms)
        expect(told - ms).toBeLessThanOrEqual(ms * 0.032)
        expect(bucketOf(told)).toBe(bucketOf(ms))
      }),
    )
  })

  it('has percentiles that are in order and between the shortest and the longest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 1 }), all => {
        const window = createLatencyWindow(() => 0)
        for (const ms of all) window.add(ms)
        const { count, p50, p95, p99, max } = window.read()
        expect([count, max]).toEqual([all.length, Math.max(...all)])
        expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].toSorted((a, b) => a - b))
        expect(p50).toBeGreaterThanOrEqual(Math.min(...all))
      }),
    )
  })
})
