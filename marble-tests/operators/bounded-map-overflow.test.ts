import { asyncScheduler } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { boundedMap } from '../../src/operators/bounded-map.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { keyBy, takes } from './bounded-map-drawn.ts'

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
