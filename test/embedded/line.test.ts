import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLine } from '../../src/embedded/line.ts'
import { createSlabs } from '../../src/embedded/slabs.ts'

describe('a line', () => {
  it('behaves as an array that is pushed and shifted, however long it gets', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ pushes: fc.nat(900), shifts: fc.nat(900) }), { maxLength: 12 }), steps => {
        const line = createLine<number>()
        const model: number[] = []
        let next = 0
        for (const { pushes, shifts } of steps) {
          for (let i = 0; i < pushes; i++) {
            line.push(next)
            model.push(next)
            next += 1
          }
          for (let i = 0; i < shifts; i++) expect(line.shift()).toBe(model.shift())
          expect(line.length()).toBe(model.length)
          expect([line.at(-1), line.at(0), line.at(model.length - 1), line.at(model.length)]).toEqual([
            undefined,
            model[0],
            model.at(-1),
            undefined,
          ])
        }
        expect(line.toArray()).toEqual(model)
      }),
      { numRuns: 40 },
    )
  })
})

describe('slabs', () => {
  it('keep what was put in, whatever its size and whatever becomes of the original', () => {
    const keep = createSlabs()
    const kept = Array.from({ length: 400 }, (_, index) => {
      const bytes = Buffer.alloc((index * 997) % 50_000, index)
      const copy = keep(bytes)
      if (bytes.length < 1_000) bytes.fill(255)
      return { index, copy, length: (index * 997) % 50_000 }
    })
    for (const { index, copy, length } of kept) expect(copy.equals(Buffer.alloc(length, index))).toBe(true)
  })

  it('put small records next to each other', () => {
    const keep = createSlabs()
    const [a, b] = [keep(Buffer.from('one')), keep(Buffer.from('two'))]
    expect(a.buffer).toBe(b.buffer)
    expect(b.byteOffset).toBe(a.byteOffset + 3)
  })
})
