import { defer, map, NEVER, take, throwError, type Observable } from 'rxjs'
import { describe, it } from 'vitest'
import { refreshed$, type Refresh } from '../../src/operators/refreshed.ts'
import { marbles, type Marbles } from '../marbles.ts'

/** Fetches in the order they are made; more than these fail the test. */
const fetches = (m: Marbles, ...diagrams: string[]) => {
  const all = diagrams.map(diagram => m.cold<string>(diagram))
  let next = 0
  return { all, fetch$: () => all[next++] ?? throwError(() => new Error('one fetch too many')) }
}

/** A failure as `F`. */
const shown = (refreshes$: Observable<Refresh<string>>) =>
  refreshes$.pipe(map(refresh => (refresh.ok ? refresh.value : 'F')))

describe('refreshed$', () => {
  it(
    'fetches at once and then with every tick',
    marbles(m => {
      const { fetch$ } = fetches(m, '-a|', '--b|', '-c|')
      const expected = '       -a----------b--------(c|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 10 })).pipe(take(3))).toBeObservable(expected)
    }),
  )

  it(
    'fetches on demand, between the ticks',
    marbles(m => {
      const { fetch$ } = fetches(m, '-a|', '-b|', '-c|')
      const nudge$ = m.hot('   ----n')
      const expected = '       -a---b-----(c|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 10, nudge$ })).pipe(take(3))).toBeObservable(expected)
    }),
  )

  it(
    'answers all demands during a fetch by one that begins after it',
    marbles(m => {
      const { fetch$, all } = fetches(m, '----a|', '-b|', '-c|')
      const nudge$ = m.hot('   --nnn')
      const first = '          ^----!         '
      const second = '         -----^-!       '
      const expected = '       ----a-b----(c|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 10, nudge$ })).pipe(take(3))).toBeObservable(expected)
      m.expect(all[0]!).toHaveSubscriptions(first)
      m.expect(all[1]!).toHaveSubscriptions(second)
    }),
  )

  it(
    'never fetches twice at a time, however slow a fetch is',
    marbles(m => {
      const { fetch$, all } = fetches(m, '------------a|', '-b|', '-c|')
      const first = '          ^------------!      '
      const expected = '       ------------a-b-(c|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 5 })).pipe(take(3))).toBeObservable(expected)
      m.expect(all[0]!).toHaveSubscriptions(first)
    }),
  )

  it(
    'goes on after a failure, which is a value',
    marbles(m => {
      const { fetch$ } = fetches(m, '-a|', '-#', '-c|')
      const expected = '       -a---------F---------(c|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 10 })).pipe(take(3))).toBeObservable(expected)
    }),
  )

  it(
    'goes on after a fetch that throws instead of starting',
    marbles(m => {
      let calls = 0
      const fetch$ = () => {
        if (++calls === 1) throw new Error('no')
        return m.cold('-b|')
      }
      const expected = '       F----------(b|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 10 })).pipe(take(2))).toBeObservable(expected)
    }),
  )

  it(
    'tries again sooner after a failure, if told how soon',
    marbles(m => {
      const { fetch$ } = fetches(m, '-#', '-#', '-a|', '-b|')
      const expected = '       -F---F---a----------(b|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 19, retryMs: 3 })).pipe(take(4))).toBeObservable(expected)
    }),
  )

  it(
    'does not try again if a demand was quicker',
    marbles(m => {
      const { fetch$, all } = fetches(m, '-#', '---a|', '-b|')
      const nudge$ = m.hot('   --n')
      const third = '          --------------------^!'
      const expected = '       -F---a---------------(b|)'
      m.expect(shown(refreshed$(fetch$, { periodMs: 20, retryMs: 3, nudge$ })).pipe(take(3))).toBeObservable(expected)
      m.expect(all[2]!).toHaveSubscriptions(third)
    }),
  )

  it(
    'stops the fetch and the ticking when unsubscribed',
    marbles(m => {
      const { fetch$, all } = fetches(m, '-----a')
      const until = '          ^--!'
      m.expect(refreshed$(fetch$, { periodMs: 2, nudge$: NEVER }), until).toBeObservable('')
      m.expect(all[0]!).toHaveSubscriptions(until)
    }),
  )

  it(
    'keeps one subscriber apart from the other',
    marbles(m => {
      const source = m.cold('  -a|')
      const value$ = shown(refreshed$(() => defer(() => source), { periodMs: 4 }))
      m.expect(value$, '       ^-------!').toBeObservable('-a---a--')
      m.expect(value$, '       --^-----!').toBeObservable('---a---a')
    }),
  )
})
