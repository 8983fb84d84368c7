import { map, timer } from 'rxjs'
import { describe, it } from 'vitest'
import { exhaustMapTrailing } from '../../src/operators/exhaust-map-trailing.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const run = (item: string) => timer(3).pipe(map(() => item))

describe('exhaustMapTrailing', () => {
  it(
    'answers all that comes while it is busy with one more run, for the latest',
    marbles(m => {
      const source = m.hot('   abc-----d---|')
      const expected = '       ---a--c----d|'
      m.expect(source.pipe(exhaustMapTrailing(run))).toBeObservable(expected)
    }),
  )

  it(
    'runs once where nothing comes meanwhile',
    marbles(m => {
      const source = m.hot('   a--b----|')
      const expected = '       ---a--b-|'
      m.expect(source.pipe(exhaustMapTrailing(run))).toBeObservable(expected)
    }),
  )

  it(
    'completes after the run that was still owed',
    marbles(m => {
      const source = m.hot('   ab|      ')
      const expected = '       ---a--(b|)'
      m.expect(source.pipe(exhaustMapTrailing(run))).toBeObservable(expected)
    }),
  )

  it(
    'ends with a run that fails, and starts none of those owed',
    marbles(m => {
      const failing = m.cold(' --#')
      const source = m.hot('   aa-a')
      const expected = '       --#'
      const ran = '            ^-!'
      m.expect(source.pipe(exhaustMapTrailing(() => failing))).toBeObservable(expected)
      m.expect(failing).toHaveSubscriptions(ran)
      m.expect(source).toHaveSubscriptions(ran)
    }),
  )

  it(
    'ends with a run that throws instead of starting',
    marbles(m => {
      const source = m.hot('   -a')
      const expected = '       -(X|)'
      const throwing = () => {
        throw new Error('no')
      }
      m.expect(source.pipe(exhaustMapTrailing(throwing), errorsAsValues())).toBeObservable(expected, { X: 'no' })
    }),
  )

  it(
    'stops the source and the run when unsubscribed',
    marbles(m => {
      const endless = m.cold(' -----')
      const source = m.hot('   aa---')
      const until = '          ^--!'
      m.expect(source.pipe(exhaustMapTrailing(() => endless)), until).toBeObservable('')
      m.expect(endless).toHaveSubscriptions(until)
      m.expect(source).toHaveSubscriptions(until)
    }),
  )
})
