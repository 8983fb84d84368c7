import { describe, expect, it } from 'vitest'
import { interleaved, spread } from '../../bench/rounds.ts'
import type { Contestant } from '../../bench/rounds.ts'

const silent = (): undefined => undefined

describe('a benchmark', () => {
  it('lets its contestants take turns, every other round backwards, after a round that does not count', async () => {
    const order: string[] = []
    const contestant = (name: string): Contestant => ({
      name,
      run: () => {
        order.push(name)
        return Promise.resolve({ perSecond: order.length, cpuUs: 1 })
      },
    })
    const rows = await interleaved([contestant('floor'), contestant('ours')], 2, silent)
    expect(order).toEqual(['floor', 'ours', 'ours', 'floor', 'floor', 'ours'])
    expect(rows.map(row => row.perSecond)).toEqual([
      { median: 4.5, min: 4, max: 5 },
      { median: 4.5, min: 3, max: 6 },
    ])
  })

  it('compares rates within each round, so that a slow minute of the machine does not count', async () => {
    const drawn = (rates: number[]): Contestant['run'] => {
      return () => Promise.resolve({ perSecond: rates.shift() ?? Number.NaN, cpuUs: 1 })
    }
    const floor = { name: 'floor', run: drawn([0, 100, 10, 1_000]) }
    const ours = { name: 'ours', run: drawn([0, 50, 8, 700]), goal: { ratio: 0.6 } }
    const [, row] = await interleaved([floor, ours], 3, silent)
    expect(row?.ratio).toEqual({ median: 0.7, min: 0.5, max: 0.8 })
    expect(row?.goal).toEqual({ ratio: 0.6 })
  })
})

describe('a spread', () => {
  it.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[9, 1, 5], { median: 5, min: 1, max: 9 }],
    [[10, 9, 1, 2], { median: 5.5, min: 1, max: 10 }],
  ])('of %j', (values, expected) => {
    expect(spread(values)).toEqual(expected)
  })
})
