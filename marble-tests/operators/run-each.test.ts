import { concat, map, of, type Observable, switchMap, take, takeUntil } from 'rxjs'
import { describe, it } from 'vitest'
import { runEach } from '../../src/operators/run-each.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const setOf = (...keys: string[]) => new Map(keys.map(key => [key, key]))
const SETS = { a: setOf('a'), b: setOf('b'), z: setOf('a', 'b'), o: setOf() }

/** Says its name at once and every 4 ms, and ends when it is revoked. */
const speaking = (m: Marbles) => (name: string, revoked$: Observable<void>) =>
  m.cold(`${name}---${name}---${name}---${name}---${name}`).pipe(takeUntil(revoked$))

/** The same, but when it is revoked it takes 5 ms to wind up, and says its name in capitals in the end. */
const lingering = (m: Marbles) => (name: string, revoked$: Observable<void>) =>
  concat(speaking(m)(name, revoked$), m.cold(`-----(${name.toUpperCase()}|)`))

// the sets over time: `a` and `b` alone, `z` both, `o` nobody
describe('runEach', () => {
  it(
    'keeps one run for each member of a changing set',
    marbles(m => {
      const wanted$ = m.hot('  a-z----b---o-', SETS)
      const expected = '       a-b-a-b---b'
      m.expect(wanted$.pipe(runEach(speaking(m)))).toBeObservable(expected)
    }),
  )

  it(
    'does not start again who is still wanted',
    marbles(m => {
      const wanted$ = m.hot('  a-a-a-z', SETS)
      const expected = '       a---a-b-a-b-a-b-a-b---b'
      m.expect(wanted$.pipe(runEach(speaking(m)))).toBeObservable(expected)
    }),
  )

  it(
    'lets who leaves take its time to end',
    marbles(m => {
      const wanted$ = m.hot('  a-----o--------', SETS)
      const expected = '       a---a------A'
      m.expect(wanted$.pipe(runEach(lingering(m)))).toBeObservable(expected)
    }),
  )

  it(
    'starts who comes back meanwhile when the old run has ended, not beside it',
    marbles(m => {
      const wanted$ = m.hot('  a-----o--a-----------', SETS)
      const expected = '       a---a------(Aa)a---a'
      const until = '          ^---------------------!'
      m.expect(wanted$.pipe(runEach(lingering(m))), until).toBeObservable(expected)
    }),
  )

  it(
    'starts who came back and left again meanwhile not at all',
    marbles(m => {
      const wanted$ = m.hot('  a-----o-a-o--------', SETS)
      const expected = '       a---a------A'
      m.expect(wanted$.pipe(runEach(lingering(m)))).toBeObservable(expected)
    }),
  )

  it(
    'starts nobody again who ended by itself, until it was away and comes back',
    marbles(m => {
      const wanted$ = m.hot('  a---a--o--a--', SETS)
      const expected = '       x---------x'
      m.expect(wanted$.pipe(runEach(() => of('x')))).toBeObservable(expected)
    }),
  )

  it(
    'tells a run that it is revoked, also one that looks only later',
    marbles(m => {
      const wanted$ = m.hot('  a--o---', SETS)
      const looks$ = m.cold('  -----x')
      const expected = '       -----r'
      const run = (_: string, revoked$: Observable<void>) =>
        looks$.pipe(
          switchMap(() => revoked$),
          take(1),
          map(() => 'r'),
        )
      m.expect(wanted$.pipe(runEach(run))).toBeObservable(expected)
    }),
  )

  it(
    'completes after the set and the last run',
    marbles(m => {
      const wanted$ = m.hot('  a-o|     ', SETS)
      const expected = '       a------(A|)'
      m.expect(wanted$.pipe(runEach(lingering(m)))).toBeObservable(expected)
      m.expect(m.hot('-o|', SETS).pipe(runEach(lingering(m)))).toBeObservable('--|')
    }),
  )

  it(
    'completes, too, when the last run began again and ended at once',
    marbles(m => {
      const wanted$ = m.hot('  a-o-a|    ', SETS)
      const expected = '       a------(Ax|)'
      let runs = 0
      const run = (name: string, revoked$: Observable<void>) => (runs++ === 0 ? lingering(m)(name, revoked$) : of('x'))
      m.expect(wanted$.pipe(runEach(run))).toBeObservable(expected)
    }),
  )

  it(
    'ends with the failure of a run, and with it all others',
    marbles(m => {
      const wanted$ = m.hot('  z------', SETS)
      const runs = { a: m.cold('-x---x'), b: m.cold('--y#') }
      const ran = '            ^--!'
      const expected = '       -xy(X|)'
      const out$ = wanted$.pipe(
        runEach(name => runs[name as 'a' | 'b']),
        errorsAsValues(),
      )
      m.expect(out$).toBeObservable(expected, { x: 'x', y: 'y', X: 'error' })
      m.expect(runs.a).toHaveSubscriptions(ran)
      m.expect(wanted$).toHaveSubscriptions(ran)
    }),
  )

  it(
    'ends with the failure of the set',
    marbles(m => {
      const wanted$ = m.hot('  a--#', SETS)
      const run$ = m.cold('    -x---x')
      const ran = '            ^--!'
      const expected = '       -x-(X|)'
      m.expect(
        wanted$.pipe(
          runEach(() => run$),
          errorsAsValues(),
        ),
      ).toBeObservable(expected, { x: 'x', X: 'error' })
      m.expect(run$).toHaveSubscriptions(ran)
    }),
  )

  it(
    'ends all runs at once when unsubscribed, without waiting for them to wind up',
    marbles(m => {
      const wanted$ = m.hot('  z--o---', SETS)
      const run$ = m.cold('    -x----')
      const until = '          ^----!'
      const expected = '       -(xx)'
      m.expect(wanted$.pipe(runEach(() => run$)), until).toBeObservable(expected)
      m.expect(run$).toHaveSubscriptions([until, until])
      m.expect(wanted$).toHaveSubscriptions(until)
    }),
  )
})
