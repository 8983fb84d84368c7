import { describe, expect, it } from 'vitest'
import { createKeyOrder } from '../../src/operators/key-order.ts'

const job = (key: string | undefined, laneId: string) => ({ key, laneId })

describe('the order of keys across lanes', () => {
  it('lets many of one key into one lane, and keeps what goes elsewhere until they have ended', () => {
    const order = createKeyOrder<ReturnType<typeof job>>()
    const [a, b, other, behind] = [job('k', 'x'), job('k', 'x'), job('k', 'y'), job('k', 'x')] as const
    expect([a, b, other, behind].map(order.enter)).toEqual([true, true, false, false])
    expect(order.leave(a)).toEqual([])
    expect(order.leave(b)).toEqual([other])
    expect(order.leave(other)).toEqual([behind])
    expect(order.leave(behind)).toEqual([])
    expect(order.remembered).toBe(0)
  })

  it('keeps keys apart, and nothing that has none', () => {
    const order = createKeyOrder<ReturnType<typeof job>>()
    expect([job('k', 'x'), job('l', 'y'), job(undefined, 'x'), job(undefined, 'y')].map(order.enter)).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  it('gives back all that it keeps', () => {
    const order = createKeyOrder<ReturnType<typeof job>>()
    const jobs = [job('k', 'x'), job('k', 'y'), job('k', 'z')]
    jobs.forEach(one => order.enter(one))
    expect(order.takeAll()).toEqual(jobs.slice(1))
    expect(order.takeAll()).toEqual([])
  })
})
