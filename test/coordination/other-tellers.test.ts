import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createOtherTellers } from '../../src/coordination/other-tellers.ts'

it('of each teller only what comes after all that was heard is news, whatever others tell in between', () => {
  const heard = fc.array(fc.record({ from: fc.constantFrom('a', 'b', 'c'), no: fc.integer({ min: 1, max: 9 }) }))
  fc.assert(
    fc.property(heard, messages => {
      const tellers = createOtherTellers()
      messages.forEach(({ from, no }, i) => {
        const before = messages.slice(0, i).filter(one => one.from === from)
        expect(tellers.isNews(from, no, i)).toBe(before.every(one => one.no < no))
      })
    }),
  )
})

it('who tells counts for a minute', () => {
  const tellers = createOtherTellers()
  expect(tellers.count(0)).toBe(0)
  tellers.isNews('a', 1, 0)
  tellers.isNews('a', 2, 1_000)
  tellers.isNews('b', 1, 30_000)
  tellers.isNews('b', 1, 50_000) // old news
  expect([30_000, 60_999, 61_000, 89_999, 90_000].map(at => tellers.count(at))).toEqual([2, 2, 1, 1, 0])
})

it('of very many those heard longest ago are forgotten', () => {
  const tellers = createOtherTellers()
  for (let n = 0; n < 1_024; n++) tellers.isNews(`t${n}`, 7, 0)
  tellers.isNews('t0', 8, 0)
  tellers.isNews('one more', 1, 0)
  expect(tellers.count(0)).toBe(1_024)
  expect(tellers.isNews('t0', 8, 0)).toBe(false)
  expect(tellers.isNews('t1', 1, 0)).toBe(true)
})
