import { asyncScheduler, concat, EMPTY, map, NEVER, of, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { thenFinally, workUntil } from '../../src/operators/work-until.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

const work = (item: string) => timer(4).pipe(map(() => item))

describe('workUntil', () => {
  it(
    'after the wish to stop takes nothing new, puts back at once what waits, and finishes what runs',
    marbles(m => {
      const back: string[] = []
      const source = m.hot('   abc---d')
      const until$ = m.hot('   ---s   ')
      const taken = '          ^--!   '
      const expected = '       ----(a|)'
      const putBack = (item: string) => back.push(`${item} at ${asyncScheduler.now()}`)
      const out$ = source.pipe(workUntil(work, { until$, putBack, concurrency: 1, deadlineMs: 50 }))
      m.expect(out$).toBeObservable(expected)
      m.expect(source).toHaveSubscriptions(taken)
      m.flush()
      expect(back).toEqual(['b at 3', 'c at 3'])
    }),
  )

  it(
    'waits for what runs no longer than the deadline',
    marbles(m => {
      const back: string[] = []
      const slow = m.cold('    ------------x')
      const source = m.hot('   ab---d')
      const until$ = m.hot('   ---s  ')
      const ran = '            ^-------!'
      const expected = '       --------|'
      const putBack = (item: string) => back.push(item)
      const out$ = source.pipe(workUntil(() => slow, { until$, putBack, concurrency: 1, deadlineMs: 5 }))
      m.expect(out$).toBeObservable(expected)
      m.expect(slow).toHaveSubscriptions(ran)
      m.flush()
      expect(back).toEqual(['b'])
    }),
  )

  it(
    'asks how long to wait when the wish comes, if that changes',
    marbles(m => {
      const slow = m.cold('    ------------x')
      const source = m.hot('   a----')
      const until$ = m.hot('   ---s  ')
      const expected = '       ------|'
      const deadlineMs = () => asyncScheduler.now() // 3, at the wish
      const out$ = source.pipe(workUntil(() => slow, { until$, concurrency: 1, deadlineMs }))
      m.expect(out$).toBeObservable(expected)
    }),
  )

  it(
    'does not even ask the source if the wish came before',
    marbles(m => {
      const source = m.hot('   abc')
      const expected = '       |'
      m.expect(source.pipe(workUntil(work, { until$: of('stop'), concurrency: 1, deadlineMs: 5 }))).toBeObservable(
        expected,
      )
      m.expect(source).toHaveSubscriptions([])
    }),
  )

  it(
    'works as if there were no stopping while nobody wishes it, and leaves no timer behind',
    marbles(m => {
      const source = m.hot('   ab|        ')
      const until$ = m.cold('  -----------s')
      const wished = '         ^-------!  '
      const expected = '       ----a---(b|)'
      m.expect(source.pipe(workUntil(work, { until$, concurrency: 1, deadlineMs: 5 }))).toBeObservable(expected)
      m.expect(until$).toHaveSubscriptions(wished)
    }),
  )

  it(
    'stops at once when unsubscribed, and puts nothing back',
    marbles(m => {
      const back: string[] = []
      const slow = m.cold('    ------')
      const source = m.hot('   ab----')
      const until = '          ^--!'
      const options = { until$: NEVER, putBack: (item: string) => back.push(item), concurrency: 1, deadlineMs: 5 }
      m.expect(source.pipe(workUntil(() => slow, options)), until).toBeObservable('')
      m.expect(slow).toHaveSubscriptions(until)
      m.flush()
      expect(back).toEqual([])
    }),
  )
})

describe('thenFinally', () => {
  it(
    'says goodbye after the last value, and completes when that is said',
    marbles(m => {
      const source = m.cold('      -a|')
      const farewell = m.cold('      -g-|')
      const said = '               --^--!'
      const expected = '           -a---|'
      m.expect(source.pipe(thenFinally(() => farewell))).toBeObservable(expected)
      m.expect(farewell).toHaveSubscriptions(said)
    }),
  )

  it(
    'says goodbye after a failure, too, then fails',
    marbles(m => {
      const source = m.cold('      -a#')
      const farewell = m.cold('      -g-|')
      const said = '               --^--!'
      const expected = '           -a---#'
      m.expect(source.pipe(thenFinally(() => farewell))).toBeObservable(expected)
      m.expect(farewell).toHaveSubscriptions(said)
    }),
  )

  it(
    'lets no failing farewell hide the failure that came first',
    marbles(m => {
      const source = m.cold('      -#   ', {}, new Error('first'))
      const farewell = m.cold('     --# ', {}, new Error('second'))
      const expected = '           ---(X|)'
      m.expect(
        source.pipe(
          thenFinally(() => farewell),
          errorsAsValues(),
        ),
      ).toBeObservable(expected, { X: 'first' })
    }),
  )

  it(
    'fails with the farewell where nothing failed before',
    marbles(m => {
      const source = m.cold('      -|   ')
      const farewell = m.cold('     --# ')
      const expected = '           ---# '
      m.expect(source.pipe(thenFinally(() => farewell))).toBeObservable(expected)
    }),
  )

  it(
    'says nothing when unsubscribed',
    marbles(m => {
      const source = m.cold('      -a---')
      const farewell = m.cold('    -g-|')
      const until = '              ^--!'
      m.expect(source.pipe(thenFinally(() => farewell)), until).toBeObservable('-a')
      m.expect(farewell).toHaveSubscriptions([])
    }),
  )

  it(
    'says several things one after the other, after a drain',
    marbles(m => {
      const log: string[] = []
      const say = (what: string) => timer(1).pipe(tap(() => log.push(`${what} at ${asyncScheduler.now()}`)))
      const source = m.hot('       a----b')
      const until$ = m.hot('       --s')
      const expected = '           ----a-|'
      const out$ = source.pipe(
        workUntil(work, { until$, concurrency: 1, deadlineMs: 50 }),
        thenFinally(() => concat(say('commit'), EMPTY, say('leave'))),
      )
      m.expect(out$).toBeObservable(expected)
      m.flush()
      expect(log).toEqual(['commit at 5', 'leave at 6'])
    }),
  )
})
