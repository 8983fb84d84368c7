import { asyncScheduler, map, NEVER, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { boundedMap } from '../../src/operators/bounded-map.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

/** Work that says its item after so many milliseconds; those not named take 4. */
const takes =
  (milliseconds: Record<string, number> = {}) =>
  (item: string) =>
    timer(milliseconds[item] ?? 4).pipe(map(() => item))

/** Keys: a, b and c belong together, the others too. */
const keyBy = (item: string) => ('abc'.includes(item) ? 'abc' : 'the others')

describe('boundedMap, at once', () => {
  it(
    'works on two items at a time, the others wait for a free slot',
    marbles(m => {
      const source = m.hot('   abcd|        ')
      const taken = '          ^---!        '
      const expected = '       ----ab--c(d|)'
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 2 }))).toBeObservable(expected)
      m.expect(source).toHaveSubscriptions(taken)
    }),
  )

  it(
    'asks a limit that changes before each start',
    marbles(m => {
      const source = m.hot('   abcd|         ')
      const expected = '       ----a---b---(cd|)'
      const limit = () => (asyncScheduler.now() < 8 ? 1 : 2)
      m.expect(source.pipe(boundedMap(takes(), { concurrency: limit }))).toBeObservable(expected)
    }),
  )

  it(
    'lets one in at a time where the limit is nothing',
    marbles(m => {
      const source = m.hot('   ab|      ')
      const expected = '       ----a---(b|)'
      m.expect(source.pipe(boundedMap(takes(), { concurrency: () => Number.NaN }))).toBeObservable(expected)
    }),
  )

  it(
    'says all results of an item as they come, and needs none',
    marbles(m => {
      const works: Record<string, string> = { a: 'x-x-x|', b: '-|', c: 'y-y|' }
      const source = m.hot('   abc|      ')
      const expected = '       x-x-x-y-y|'
      const work = (item: string) => m.cold(works[item] ?? '|')
      m.expect(source.pipe(boundedMap(work, { concurrency: 1 }))).toBeObservable(expected)
    }),
  )
})

describe('boundedMap, a lane for each key', () => {
  it(
    'keeps the next item of a key waiting for the previous one, and no other key with it',
    marbles(m => {
      const source = m.hot('   abx|     ')
      const expected = '       ----a-x-(b|)'
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 2, keyBy }))).toBeObservable(expected)
    }),
  )

  it(
    'does not let a busy key starve the others',
    marbles(m => {
      const source = m.hot('   (abcx|)      ')
      const expected = '       ----a---x---b---(c|)'
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, keyBy }))).toBeObservable(expected)
    }),
  )

  it(
    'starts an item of an idle key at once, whatever waits for other keys',
    marbles(m => {
      const source = m.hot('   abcx-|         ')
      const expected = '       ----a--xb---(c|)'
      const options = { concurrency: 2, keyBy, buffer: { count: 2 } }
      m.expect(source.pipe(boundedMap(takes(), options))).toBeObservable(expected)
    }),
  )
})

describe('boundedMap, in the order of the source', () => {
  it(
    'keeps what is ready behind a slow head',
    marbles(m => {
      const source = m.hot('   abc|         ')
      const expected = '       ------(ab)-(c|)'
      const work = takes({ a: 6, b: 1, c: 9 })
      m.expect(source.pipe(boundedMap(work, { concurrency: 3, order: 'source' }))).toBeObservable(expected)
    }),
  )

  it(
    'lets the head speak at once, and the next take over in the middle of its results',
    marbles(m => {
      const a = '              a--a----|     '
      const b = '              b-b---------b|'
      const source = m.hot('   (ab|)         ')
      const expected = '       a--a----(bb)b|'
      const work = (item: string) => m.cold(item === 'a' ? a : b)
      m.expect(source.pipe(boundedMap(work, { concurrency: 2, order: 'source' }))).toBeObservable(expected)
    }),
  )

  it(
    'counts what it holds against the buffer, and lets nobody in who would have to be held, too',
    marbles(m => {
      const source = m.hot('   ab-c-d--------e|     ')
      const expected = '       --------(abcX)----(e|)'
      const buffer = { count: 2, overflow: 'drop-newest', resultOfDropped: () => 'X' } as const
      const work = takes({ a: 8, b: 1, c: 1 })
      m.expect(source.pipe(boundedMap(work, { concurrency: 2, order: 'source', buffer }))).toBeObservable(expected)
    }),
  )

  it(
    'counts the bytes of what it holds, too, once for each item and only while it holds them',
    marbles(m => {
      const a = '              ----------|'
      const b = '              bb|'
      const source = m.hot('   ab--c------def|      ')
      const expected = '       ----------(bb)-de--(f|)'
      const buffer = { bytes: 10, bytesOf: () => 6, overflow: 'drop-newest' } as const
      const work = (item: string) => (item === 'a' ? m.cold(a) : item === 'b' ? m.cold(b) : takes()(item))
      m.expect(source.pipe(boundedMap(work, { concurrency: 2, order: 'source', buffer }))).toBeObservable(expected)
    }),
  )

  it(
    'keeps the place of a dropped item for the result it has instead',
    marbles(m => {
      const source = m.hot('   abc|         ')
      const expected = '       ----a---(bX|)'
      const buffer = { count: 1, overflow: 'drop-newest', resultOfDropped: () => 'X' } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, order: 'source', buffer }))).toBeObservable(expected)
    }),
  )

  it(
    'does not count what a dropped item has instead: it takes nobody a place',
    marbles(m => {
      const source = m.hot('   abc------d|')
      const expected = '       --------a---(bX)(d|)'
      const buffer = { count: 1, overflow: 'drop-newest', resultOfDropped: () => 'X' } as const
      const work = takes({ a: 8 })
      m.expect(source.pipe(boundedMap(work, { concurrency: 1, order: 'source', buffer }))).toBeObservable(expected)
    }),
  )
})

describe('boundedMap, when too many wait', () => {
  it(
    'fails everything by default, and stops what runs',
    marbles(m => {
      const work = m.cold('    --------|')
      const ran = '            ^--!     '
      const source = m.hot('   abcd|    ')
      const taken = '          ^--!     '
      const expected = '       ---(X|)  '
      const out$ = source.pipe(
        boundedMap(() => work, { concurrency: 1, buffer: { count: 2 } }),
        errorsAsValues(),
      )
      m.expect(out$).toBeObservable(expected, { X: 'ERR_RMQ_OVERFLOW no' })
      m.expect(work).toHaveSubscriptions(ran)
      m.expect(source).toHaveSubscriptions(taken)
    }),
  )

  it(
    'drops the newest if told to, and says which',
    marbles(m => {
      const dropped: string[] = []
      const source = m.hot('   abcd|         ')
      const expected = '       ----a---b---(c|)'
      const buffer = { count: 2, overflow: 'drop-newest', onDrop: (item: string) => dropped.push(item) } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, buffer }))).toBeObservable(expected)
      m.flush()
      expect(dropped).toEqual(['d'])
    }),
  )

  it(
    'drops the oldest if told to, and says which',
    marbles(m => {
      const dropped: string[] = []
      const source = m.hot('   abcde|        ')
      const expected = '       ----a---d---(e|)'
      const buffer = { count: 2, overflow: 'drop-oldest', onDrop: (item: string) => dropped.push(item) } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, buffer }))).toBeObservable(expected)
      m.flush()
      expect(dropped).toEqual(['b', 'c'])
    }),
  )

  it(
    'drops the oldest of all keys, also the one that is next of a busy key',
    marbles(m => {
      const source = m.hot('   abxyz|            ')
      const expected = '       ----a---x---y---(z|)'
      const buffer = { count: 3, overflow: 'drop-oldest' } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, keyBy, buffer }))).toBeObservable(expected)
    }),
  )

  it(
    'still lets wait what may wait when the limit of those at work was lowered below them',
    marbles(m => {
      const source = m.hot('   abcd-|        ')
      const expected = '       ----abc---(d|)'
      const concurrency = () => (asyncScheduler.now() < 3 ? 3 : 1)
      m.expect(source.pipe(boundedMap(takes(), { concurrency, buffer: { count: 1 } }))).toBeObservable(expected)
    }),
  )

  it(
    'lets nobody start whose results would have to be held beyond the limit',
    marbles(m => {
      const source = m.hot('   abx-y---|      ')
      const expected = '       --------a---(bx|)'
      const buffer = { count: 2, overflow: 'drop-newest' } as const
      const options = { concurrency: 3, keyBy, order: 'source', buffer } as const
      m.expect(source.pipe(boundedMap(takes({ a: 8, x: 1 }), options))).toBeObservable(expected)
    }),
  )

  it(
    'says a result in place of each dropped item, at once',
    marbles(m => {
      const source = m.hot('   abcd|         ')
      const expected = '       --XXa---(b|)'
      const buffer = { count: 1, overflow: 'drop-newest', resultOfDropped: () => 'X' } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, buffer }))).toBeObservable(expected)
    }),
  )

  it(
    'counts bytes, too, and never lets in what is larger than the whole buffer',
    marbles(m => {
      const sizes: Record<string, number> = { a: 99, b: 4, c: 5, d: 11, e: 6 }
      const dropped: string[] = []
      const source = m.hot('   abcde|        ')
      const expected = '       ----a---(e|)'
      const buffer = {
        bytes: 10,
        bytesOf: (item: string) => sizes[item] ?? 0,
        overflow: 'drop-oldest',
        onDrop: (item: string) => dropped.push(item),
      } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, buffer }))).toBeObservable(expected)
      m.flush()
      expect(dropped).toEqual(['d', 'b', 'c'])
    }),
  )

  it(
    'lets nobody wait where there is no room at all',
    marbles(m => {
      const source = m.hot('   ab---c|     ')
      const expected = '       -X--a----(c|)'
      const buffer = { count: 0, overflow: 'drop-oldest', resultOfDropped: () => 'X' } as const
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, buffer }))).toBeObservable(expected)
    }),
  )
})

describe('boundedMap, the end', () => {
  it(
    'completes at once with a source that has nothing',
    marbles(m => {
      const source = m.hot('   --|')
      const expected = '       --|'
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1 }))).toBeObservable(expected)
    }),
  )

  it(
    'completes after the last work, also if that says nothing',
    marbles(m => {
      const source = m.hot('   a|     ')
      const expected = '       -----|'
      const work = () => m.cold('-----|')
      m.expect(source.pipe(boundedMap(work, { concurrency: 1 }))).toBeObservable(expected)
    }),
  )

  it(
    'ends everything with the first work that fails',
    marbles(m => {
      const slow = m.cold('    -----a|')
      const failing = m.cold('  --#    ')
      const source = m.hot('   ab-c-d|')
      const expected = '       ---#   '
      const taken = '          ^--!   '
      const out$ = source.pipe(boundedMap(item => (item === 'a' ? slow : failing), { concurrency: 2 }))
      m.expect(out$).toBeObservable(expected)
      m.expect(source).toHaveSubscriptions(taken)
      m.expect(slow).toHaveSubscriptions(taken)
    }),
  )

  it(
    'ends everything with a work that throws instead of starting',
    marbles(m => {
      const source = m.hot('   a-b|  ')
      const expected = '       --(X|)'
      const work = (item: string) => {
        if (item === 'b') throw new Error('no')
        return NEVER
      }
      m.expect(source.pipe(boundedMap(work, { concurrency: 2 }), errorsAsValues())).toBeObservable(expected, {
        X: 'no',
      })
    }),
  )

  it(
    'ends everything with a source that fails',
    marbles(m => {
      const work = m.cold('    -----|')
      const source = m.hot('   a--#')
      const expected = '       ---#'
      const ran = '            ^--!'
      m.expect(source.pipe(boundedMap(() => work, { concurrency: 2 }))).toBeObservable(expected)
      m.expect(work).toHaveSubscriptions(ran)
    }),
  )

  it(
    'stops the source and what runs when unsubscribed, and starts nothing more',
    marbles(m => {
      const work = m.cold('    -----|')
      const source = m.hot('   ab---c')
      const until = '          ^--!  '
      const out$ = source.pipe(boundedMap(() => work, { concurrency: 1 }))
      m.expect(out$, until).toBeObservable('')
      m.expect(work).toHaveSubscriptions(until)
      m.expect(source).toHaveSubscriptions(until)
    }),
  )

  it(
    'takes nothing more after "until", puts back what waits and finishes what runs',
    marbles(m => {
      const back: string[] = []
      const source = m.hot('   abc-d')
      const until$ = m.hot('   ---s-')
      const taken = '          ^--! '
      const expected = '       ----(a|)'
      const putBack = (item: string) => back.push(`${item} at ${asyncScheduler.now()}`)
      m.expect(source.pipe(boundedMap(takes(), { concurrency: 1, until$, putBack }))).toBeObservable(expected)
      m.expect(source).toHaveSubscriptions(taken)
      m.expect(until$).toHaveSubscriptions(taken)
      m.flush()
      expect(back).toEqual(['b at 3', 'c at 3'])
    }),
  )
})
