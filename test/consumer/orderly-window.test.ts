import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { ORDERLY_PAUSE_BOUNDS_MS, ORDERLY_PAUSE_MS } from '../../src/consumer/orderly-pause.ts'
import { createOrderlyWindow } from '../../src/consumer/orderly-window.ts'

const at = (offset: number) => ({ offset: Long.fromNumber(offset), bytes: 10 })
const next = (offset: number): Long => Long.fromNumber(offset)
const offsets = (entries: readonly { readonly offset: Long }[]): readonly number[] =>
  entries.map(({ offset }) => offset.toNumber())

/** Offsets 1 to 5 wait. */
const five = () => {
  const window = createOrderlyWindow<ReturnType<typeof at>>(next(1))
  window.add([1, 2, 3, 4, 5].map(at), next(6))
  return window
}

describe('a queue that is consumed in order', () => {
  it('hands out the oldest first, and commits behind what was done', () => {
    const window = five()
    expect(offsets(window.take(2))).toEqual([1, 2])
    expect(window.commitPoint().toNumber()).toBe(1)
    expect(window.commit()?.toNumber()).toBe(3)
    expect(offsets(window.take(9))).toEqual([3, 4, 5])
    expect(window.commit()?.toNumber()).toBe(6)
    expect([window.size, window.bytes]).toEqual([0, 0])
  })

  it('hands out again what was rolled back, before anything newer', () => {
    const window = five()
    window.take(2)
    window.take(1)
    window.rollback()
    expect(offsets(window.waiting)).toEqual([1, 2, 3, 4, 5])
    expect(offsets(window.take(1))).toEqual([1])
  })

  it('does not commit past what was put back, though what came after it is done', () => {
    const window = five()
    const [first, second, third] = window.take(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were there')
    window.putBack([first])
    window.putBack([third])
    expect(offsets(window.waiting)).toEqual([1, 3, 4, 5])
    expect(window.commitPoint().toNumber()).toBe(1)
    expect(window.commit()?.toNumber()).toBe(1)
    expect(window.size).toBe(4)
  })

  it('does not commit past what was put back and taken once more', () => {
    const window = five()
    const [first] = window.take(2)
    window.putBack(first === undefined ? [] : [first])
    expect(offsets(window.take(1))).toEqual([1])
    expect(window.commitPoint().toNumber()).toBe(1)
  })

  it('commits behind messages that were filtered out once nothing in front of them is left', () => {
    const window = createOrderlyWindow<ReturnType<typeof at>>(next(0))
    window.add([at(2)], next(40))
    window.take(1)
    expect(window.commit()?.toNumber()).toBe(40)
    window.add([], next(50))
    expect(window.commitPoint().toNumber()).toBe(50)
  })

  it('has nothing to commit when nothing is in hand', () => {
    expect(five().commit()).toBeUndefined()
  })

  it('says once that there is something again for who found nothing', () => {
    const window = createOrderlyWindow<ReturnType<typeof at>>(next(1))
    expect(window.add([], next(1))).toBe(false)
    expect(window.add([at(1)], next(2))).toBe(true)
    expect(window.add([at(2)], next(3))).toBe(false)
    window.take(2)
    expect(window.add([at(3)], next(4))).toBe(false)
    window.take(1)
    expect(offsets(window.take(1))).toEqual([])
    expect(window.add([at(4)], next(5))).toBe(true)
  })

  it('takes no message a second time, and puts back only what is in hand', () => {
    const window = five()
    const [first] = window.take(1)
    window.commit()
    window.putBack(first === undefined ? [] : [first])
    expect(window.add([at(1), at(5)], next(6))).toBe(false)
    expect(offsets(window.waiting)).toEqual([2, 3, 4, 5])
    expect(window.nextOffset().toNumber()).toBe(6)
  })

  it('loses nothing and never lets the commit point pass anything, whatever happens in whatever order', () => {
    const ops = fc.array(
      fc.oneof(
        fc.record({ op: fc.constant('add' as const), n: fc.nat(4) }),
        fc.record({ op: fc.constant('take' as const), n: fc.nat(4) }),
        fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const), n: fc.constant(0) }),
      ),
    )
    fc.assert(
      fc.property(ops, steps => {
        const window = createOrderlyWindow<ReturnType<typeof at>>(next(0))
        let pulled = 0
        let done = 0
        let inHand: readonly number[] = []
        for (const { op, n } of steps) {
          if (op === 'add') {
            window.add(
              Array.from({ length: n }, (_, i) => at(pulled + i)),
              next((pulled += n)),
            )
          } else if (op === 'take') {
            inHand = [...inHand, ...offsets(window.take(n))]
          } else if (op === 'rollback') {
            window.rollback()
            inHand = []
          } else {
            window.commit()
            done += inHand.length
            inHand = []
          }
          expect(inHand).toEqual(inHand.map((_, i) => done + i))
          expect(window.commitPoint().toNumber()).toBe(done)
          expect(window.size).toBe(pulled - done)
          expect(window.bytes).toBe(10 * (pulled - done))
        }
      }),
    )
  })
})

describe('the rest of a queue after a failure', () => {
  it('lasts a second, or as long as was wished for within 10 ms and 30 s', () => {
    expect(ORDERLY_PAUSE_MS).toBe(1_000)
    expect(ORDERLY_PAUSE_BOUNDS_MS).toEqual([10, 30_000])
  })
})
