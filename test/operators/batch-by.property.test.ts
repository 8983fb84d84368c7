import fc from 'fast-check'
import { map, timer, VirtualTimeScheduler } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { batchBy } from '../../src/operators/batch-by.ts'

interface Item {
  readonly n: number
  readonly at: number
  readonly lane: string | undefined
  readonly key: string | undefined
  readonly bytes: number
}

const arrivals = fc.array(
  fc.record({
    gap: fc.constantFrom(0, 0, 0, 1, 3, 20),
    lane: fc.constantFrom('p', 'q', undefined),
    key: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.integer({ min: 1, max: 30 }),
  }),
  { minLength: 1, maxLength: 60 },
)
const settings = fc.record({
  keyed: fc.boolean(),
  maxCount: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.integer({ min: 1, max: 60 }),
  lingerMs: fc.constantFrom(0, 4, 1_000),
  concurrency: fc.integer({ min: 1, max: 4 }),
  takes: fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1 }),
})

interface Batch {
  readonly items: readonly Item[]
  readonly from: number
  to: number
}

/** Plays arrivals in virtual time. */
const played = (
  given: readonly { gap: number; lane: string | undefined; key: string; bytes: number }[],
  how: {
    keyed: boolean
    maxCount: number
    maxBytes: number
    lingerMs: number
    concurrency: number
    takes: readonly number[]
  },
) => {
  const scheduler = new VirtualTimeScheduler()
  let at = 0
  const items = given.map(({ gap, lane, key, bytes }, n): Item => {
    at += gap
    return { n, at, lane, key: how.keyed ? key : undefined, bytes }
  })
  const batches: Batch[] = []
  const results: { readonly n: number; readonly at: number }[] = []
  let most = 0
  let active = 0
  const { join$, hurry } = batchBy<Item, number>(
    together => {
      const batch: Batch = { items: together, from: scheduler.now(), to: Infinity }
      batches.push(batch)
      most = Math.max(most, ++active)
      return timer(how.takes[batches.length % how.takes.length]!, scheduler).pipe(
        map(() => {
          active--
          batch.to = scheduler.now()
          return together.map(({ n }) => n)
        }),
      )
    },
    {
      ...how,
      laneOf: ({ lane }) => lane,
      keyOf: ({ key }) => key,
      bytesOf: ({ bytes }) => bytes,
      scheduler,
      asap: scheduler,
    },
  )
  for (const item of items) {
    scheduler.schedule(() => {
      join$(item).subscribe(n => results.push({ n, at: scheduler.now() }))
      if (item.n === items.length - 1) hurry()
    }, item.at)
  }
  scheduler.flush()
  return { items, batches, results, most }
}

describe('items that gather', () => {
  it('have one result each, in batches of one lane within the limits, so many at once', () => {
    fc.assert(
      fc.property(arrivals, settings, (given, how) => {
        const { items, batches, results, most } = played(given, how)
        expect(results.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(items.map(({ n }) => n))
        expect(most).toBeLessThanOrEqual(how.concurrency)
        for (const { items: together } of batches) {
          expect(together.length).toBeLessThanOrEqual(how.maxCount)
          expect(new Set(together.map(({ lane }) => lane)).size).toBe(1)
          if (together.length > 1) {
            expect(together[0]!.lane).toBeDefined()
            expect(together.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(how.maxBytes)
          }
        }
      }),
    )
  })

  it('of one key are worked on in the order they came: no batch starts before the last one with that key has ended', () => {
    fc.assert(
      fc.property(arrivals, settings, (given, how) => {
        const { batches } = played(given, { ...how, keyed: true })
        for (const key of ['a', 'b', 'c']) {
          const own = batches.filter(({ items }) => items.some(item => item.key === key))
          const order = own.flatMap(({ items }) => items.filter(item => item.key === key).map(({ n }) => n))
          expect(order).toEqual(order.toSorted((a, b) => a - b))
          own.forEach(({ from }, i) => expect(from).toBeGreaterThanOrEqual(own[i - 1]?.to ?? 0))
        }
      }),
    )
  })

  it('are never held while nothing of their lane is at work and a place is free', () => {
    fc.assert(
      fc.property(arrivals, settings, (given, how) => {
        const { batches } = played(given, { ...how, concurrency: 100, keyed: false })
        for (const { items, from } of batches) {
          const { lane, at } = items[0]!
          const isAlone = lane === undefined
          for (let ms = at; ms < from; ms++) {
            const busy = batches.some(
              other => !isAlone && other.items[0]!.lane === lane && other.from <= ms && other.to > ms,
            )
            expect(busy).toBe(true)
          }
        }
      }),
    )
  })

  it('without a key wait for company for no longer than they are told', () => {
    fc.assert(
      fc.property(arrivals, settings, (given, how) => {
        const { batches } = played(given, { ...how, concurrency: 100, keyed: false })
        for (const { items, from } of batches) expect(from - items[0]!.at).toBeLessThanOrEqual(how.lingerMs)
      }),
    )
  })
})
