import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSlidingCounts } from '../../src/observability/sliding-counts.ts'

const STEP = { everyMs: 10, samples: 3 }

/** One counter that grew by the given amounts at the given times. */
const counted = (additions: readonly (readonly [at: number, amount: number])[], window = STEP) => {
  const counts = createSlidingCounts(1, [window], 0)
  for (const [at, amount] of additions) {
    counts.turn(at)
    counts.totals[0] = (counts.totals[0] ?? 0) + amount
  }
  return counts
}

describe('a sliding window of counters', () => {
  it.each([
    [[], 0, 0, 10],
    [[[0, 5]], 0, 5, 10], // the first moments count as a step
    [[[0, 5]], 4, 5, 10],
    [[[0, 5]], 10, 5, 10],
    [[[0, 5]], 29, 5, 29],
    [[[0, 5]], 30, 0, 20], // the samples of 10, 20 and 30 are left
    [
      [
        [0, 5],
        [10, 1],
      ],
      30,
      1,
      20,
    ], // at 10 sharp is after the sample of 10
    [
      [
        [0, 5],
        [9, 1],
        [35, 7],
      ],
      35,
      7,
      25,
    ],
    [[[0, 5]], 1_000_007, 0, 27],
    [
      [
        [0, 5],
        [1_000_000, 2],
      ],
      1_000_003,
      2,
      23,
    ],
  ] as const)('of three samples, one every 10 ms, in which %j happened, at %i: %i in %i ms', (all, now, by, spanMs) => {
    const window = counted(all).over(0, now)
    expect([window.by(0), window.spanMs]).toEqual([by, spanMs])
  })

  it('tells what happened since some sample of the last steps, whenever it is looked at', () => {
    const additions = fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 9 })), { maxLength: 30 })
    fc.assert(
      fc.property(additions, fc.nat(80), fc.array(fc.nat(80)), (all, later, looks) => {
        let at = 0
        const happened = all.map(([afterMs, amount]) => [(at += afterMs), amount] as const)
        const now = at + later
        const counts = createSlidingCounts(1, [STEP], 0)
        for (const [time, amount] of happened) {
          if (looks.includes(time)) counts.over(0, time)
          counts.turn(time)
          counts.totals[0] = (counts.totals[0] ?? 0) + amount
        }
        const { by, spanMs } = counts.over(0, now)
        const from = Math.max(0, Math.floor(now / 10) * 10 - 20) // two whole steps before the one that runs
        const expected = happened.filter(([time]) => time >= from).reduce((sum, [, amount]) => sum + amount, 0)
        expect(by(0)).toBe(expected)
        expect(spanMs).toBe(Math.max(10, now - from))
      }),
    )
  })

  it('is not upset by a clock that goes back', () => {
    const counts = counted([[25, 3]])
    counts.turn(2)
    expect(counts.over(0, 2)).toMatchObject({ spanMs: 10 })
    expect(counts.over(0, 2).by(0)).toBe(3)
  })

  it('is one of those that there are', () => {
    expect(() => counted([]).over(1, 0)).toThrow('there is no window 1')
  })
})
