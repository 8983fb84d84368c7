import { asyncScheduler } from 'rxjs'
import { describe, it } from 'vitest'
import { boundedMap } from '../../src/operators/bounded-map.ts'
import { marbles } from '../marbles.ts'
import { keyBy, takes } from './bounded-map-drawn.ts'

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
