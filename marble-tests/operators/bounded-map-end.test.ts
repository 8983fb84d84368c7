import { asyncScheduler, NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { boundedMap } from '../../src/operators/bounded-map.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { takes } from './bounded-map-drawn.ts'

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
