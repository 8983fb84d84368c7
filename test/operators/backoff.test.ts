import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/operators/backoff.ts'

describe('backoffMs', () => {
  it.each([
    [1, 50, 100],
    [2, 100, 200],
    [3, 200, 400],
    [9, 12_800, 25_600],
    [10, 15_000, 30_000],
    [2_000, 15_000, 30_000],
    [0, 50, 100],
  ])('waits after failure %i from %i to %i ms', (attempt, least, most) => {
    const options = { firstMs: 100, maxMs: 30_000 }
    expect(backoffMs(attempt, { ...options, random: () => 0 })).toBe(least)
    expect(backoffMs(attempt, { ...options, random: () => 1 })).toBe(most)
    const waits = Array.from({ length: 100 }, () => backoffMs(attempt, options))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(least)
    expect(Math.max(...waits)).toBeLessThanOrEqual(most)
    expect(new Set(waits).size).toBeGreaterThan(1)
  })
})
