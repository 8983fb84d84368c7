import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { createWindow, type Entry, type Window } from '../../src/consumer/queues/window.ts'

const entry = (offset: number, bytes = 10): Entry => ({
  offset: Long.fromNumber(offset),
  bytes,
  index: -1,
  settled: false,
})
const at = (window: Window<Entry>) => window.commitPoint().toNumber()

/** A window with these offsets in hand. */
const holding = (start: number, offsets: readonly number[], next: number) => {
  const window = createWindow<Entry>(Long.fromNumber(start))
  const entries = offsets.map(offset => entry(offset))
  window.add(entries, Long.fromNumber(next))
  return { window, entries }
}

describe('the commit point', () => {
  it('is where it started while nothing was pulled', () => {
    const window = createWindow<Entry>(Long.fromNumber(7))
    expect([at(window), window.nextOffset().toNumber(), window.oldest()]).toEqual([7, 7, undefined])
  })

  it('is the lowest offset that is not settled, then the next to pull', () => {
    const { window, entries } = holding(0, [0, 1, 2], 3)
    const points = [2, 0, 1].map(i => {
      window.settle(entries[i]!)
      return at(window)
    })
    expect(points).toEqual([0, 1, 3])
  })

  it('goes over offsets that brought no message', () => {
    const { window, entries } = holding(0, [3, 9], 20)
    expect(at(window)).toBe(3)
    window.settle(entries[0]!)
    expect(at(window)).toBe(9)
    window.settle(entries[1]!)
    expect(at(window)).toBe(20)
    window.add([], Long.fromNumber(30))
    expect(at(window)).toBe(30)
  })

  it('is not moved by settling twice, nor by a stranger', () => {
    const { window, entries } = holding(0, [0, 1], 2)
    window.settle(entries[0]!)
    window.settle(entries[0]!)
    window.settle(entry(1))
    window.settle({ ...entry(1), index: 1 })
    expect([at(window), window.size, window.bytes]).toEqual([1, 1, 10])
  })

  it('reaches beyond 2^53', () => {
    const start = Long.fromString('9223372036854775800')
    const window = createWindow<Entry>(start)
    const one = { offset: start, bytes: 1, index: -1, settled: false }
    window.add([one], start.add(1))
    window.settle(one)
    expect(window.commitPoint().toString()).toBe('9223372036854775801')
  })
})

interface Step {
  readonly add: number
  readonly gap: number
  readonly settle: readonly number[]
}
const step: fc.Arbitrary<Step> = fc.record({
  add: fc.nat(40),
  gap: fc.nat(3),
  settle: fc.array(fc.nat(10_000), { maxLength: 60 }),
})

describe('a window, in whatever order its messages are settled', () => {
  it('commits the lowest unsettled offset, never goes back, and counts what it holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), steps => {
        const window = createWindow<Entry>(Long.ZERO)
        const all: Entry[] = []
        let next = 0
        let last = 0
        for (const { add, gap, settle } of steps) {
          const added = Array.from({ length: add }, () => {
            next += 1 + gap
            return entry(next - 1, 1 + (next % 5))
          })
          next += gap
          all.push(...added)
          window.add(added, Long.fromNumber(next))
          for (const which of settle) {
            const chosen = all[which % all.length]
            if (chosen !== undefined) window.settle(chosen)
            const unsettled = all.filter(one => !one.settled)
            const point = at(window)
            expect(point).toBe(unsettled[0]?.offset.toNumber() ?? next)
            expect(point).toBeGreaterThanOrEqual(last)
            last = point
            expect(window.oldest()).toBe(unsettled[0])
            expect(window.size).toBe(unsettled.length)
            expect(window.bytes).toBe(unsettled.reduce((sum, one) => sum + one.bytes, 0))
          }
        }
      }),
    )
  })

  it('keeps its promises over many thousand messages, of which it forgets those that are done', () => {
    const window = createWindow<Entry>(Long.ZERO)
    const held: Entry[] = []
    let settled = 0
    for (let offset = 0; offset < 20_000; offset += 10) {
      const page = Array.from({ length: 10 }, (_, i) => entry(offset + i))
      window.add(page, Long.fromNumber(offset + 10))
      held.push(...page)
      // the youngest first, but for an old one that is kept back
      while (held.length > 100) {
        const [one] = held.splice(held.length - 1 - (settled % 50), 1)
        window.settle(one!)
        settled++
      }
      expect(at(window)).toBe(held.reduce((least, one) => Math.min(least, one.offset.toNumber()), Infinity))
    }
    for (const one of held) window.settle(one)
    expect([at(window), window.size, window.bytes]).toEqual([20_000, 0, 0])
  })
})
