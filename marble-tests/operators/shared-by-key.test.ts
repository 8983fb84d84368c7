import { defer, EMPTY, merge, NEVER, of, retry, timer, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { sharedByKey } from '../../src/operators/shared-by-key.ts'
import { errorsAsValues, marbles } from '../marbles.ts'

describe('sharedByKey', () => {
  it(
    'opens once for all who ask, and tells latecomers at once',
    marbles(m => {
      const source = m.cold('          -a-----b')
      const get = sharedByKey(
        () => source,
        () => NEVER,
      )
      m.expect(get('x'), '             ^-------').toBeObservable('-a-----b')
      m.expect(get('x'), '             ---^----').toBeObservable('---a---b')
      m.expect(source).toHaveSubscriptions('^-------')
    }),
  )

  it(
    'opens each key by itself',
    marbles(m => {
      const sources: Record<string, ReturnType<typeof m.cold<string>>> = { x: m.cold('-a'), y: m.cold('--b') }
      const get = sharedByKey(
        key => sources[key] ?? EMPTY,
        () => NEVER,
      )
      m.expect(merge(get('x'), get('y'))).toBeObservable('-ab')
    }),
  )

  it(
    'stays open for a while after the last has left, then closes, and opens again for the next',
    marbles(m => {
      const source = m.cold('                a---------------')
      const get = sharedByKey(
        () => source,
        () => timer(3),
      )
      m.expect(get('x'), '                   ^--!            ').toBeObservable('a---')
      m.expect(get('x'), '                   --^--!          ').toBeObservable('--a---')
      m.expect(get('x'), '                   ----------^-!   ').toBeObservable('----------a--')
      m.expect(source).toHaveSubscriptions(['^-------!       ', '----------^----!'])
    }),
  )

  it(
    'is not closed by a wait that somebody ended by coming back',
    marbles(m => {
      const source = m.cold('               a-----------')
      const get = sharedByKey(
        () => source,
        () => timer(3),
      )
      m.expect(get('x'), '                  ^--!        ').toBeObservable('a---')
      m.expect(get('x'), '                  -----^----! ').toBeObservable('-----a-----')
      m.expect(source).toHaveSubscriptions('^------------!')
    }),
  )

  it(
    'tells all who share of an error, and opens again for those who subscribe within it, once',
    marbles(m => {
      const sources = [m.cold('-a-#'), m.cold('-b---')]
      let opened = 0
      const get = sharedByKey(
        () => sources[opened++] ?? EMPTY,
        () => NEVER,
      )
      const again$ = get('x').pipe(retry(1))
      m.expect(again$, '                       ^-------').toBeObservable('-a--b')
      m.expect(again$, '                       ^-------').toBeObservable('-a--b')
      m.expect(get('x').pipe(errorsAsValues()), '^-------').toBeObservable('-a-(X|)', { a: 'a', X: 'error' })
      m.expect(get('x'), '                     ------^-').toBeObservable('------b')
      m.expect(sources[0]!).toHaveSubscriptions('^--!   ')
      m.expect(sources[1]!).toHaveSubscriptions('---^   ')
      m.flush()
      expect(opened).toBe(2)
    }),
  )

  it(
    'asks anew after a completion: nobody gets the last words of what has ended',
    marbles(m => {
      const source = m.cold('                -a|        ')
      const get = sharedByKey(
        () => source,
        () => NEVER,
      )
      m.expect(get('x'), '                   ^---       ').toBeObservable('-a|')
      m.expect(get('x'), '                   -----^     ').toBeObservable('------a|')
      m.expect(source).toHaveSubscriptions(['^-!        ', '-----^-!   '])
    }),
  )

  it(
    'lingers for nothing after an end: there is nothing left to close',
    marbles(m => {
      const linger = m.cold('------')
      const get = sharedByKey(
        key => m.cold(key === 'fails' ? '-#' : '-|'),
        () => linger,
      )
      m.expect(get('fails')).toBeObservable('-#')
      m.expect(get('ends')).toBeObservable('-|')
      m.expect(linger).toHaveSubscriptions([])
    }),
  )

  it(
    'reports an opening that throws to the subscriber, and tries again for the next',
    marbles(m => {
      let calls = 0
      const get = sharedByKey(
        () => {
          if (++calls === 1) throw new Error('no')
          return of('a')
        },
        () => NEVER,
      )
      m.expect(get('x').pipe(errorsAsValues())).toBeObservable('(X|)', { X: 'no' })
      m.expect(get('x'), '-^').toBeObservable('-(a|)')
    }),
  )

  it(
    'shares with those who ask later, also if it was handed out long ago',
    marbles(m => {
      const source = m.cold('                   a-----------')
      const get = sharedByKey(
        () => source,
        () => timer(1),
      )
      const old$ = get('x')
      m.expect(old$, '                          ^!          ').toBeObservable('a')
      m.expect(get('x'), '                      ----^----!  ').toBeObservable('----a')
      m.expect(old$, '                          ------^--!  ').toBeObservable('------a')
      m.expect(source).toHaveSubscriptions(['   ^-!         ', '----^-----! '])
    }),
  )

  it(
    'remembers nothing of keys nobody uses',
    marbles(m => {
      const recipes = new Map<string, Observable<string>>()
      const sources: Record<string, () => Observable<string>> = {
        stays: () => m.cold('-a--'),
        ends: () => m.cold(' -|'),
        fails: () => m.cold('-#'),
        throws: () => {
          throw new Error('no')
        },
      }
      const get = sharedByKey(
        key => sources[key]?.() ?? EMPTY,
        () => timer(2),
        recipes,
      )
      const remembered$ = defer(() => of([...recipes.keys()].join()))
      void get('never asked')
      for (const key of ['ends', 'fails', 'throws']) get(key).subscribe({ error: () => undefined })
      m.expect(get('stays'), '      ^-!     ').toBeObservable('-a')
      m.expect(remembered$, '       ^       ').toBeObservable('(x|)', { x: 'ends,fails,stays' })
      m.expect(remembered$, '       ---^    ').toBeObservable('---(x|)', { x: 'stays' })
      m.expect(remembered$, '       -----^  ').toBeObservable('-----(x|)', { x: '' })
    }),
  )

  it(
    'closes at once if there is nothing to wait for, and remembers nothing then either',
    marbles(m => {
      const recipes = new Map<string, Observable<string>>()
      const source = m.cold('       a----')
      const get = sharedByKey(
        () => source,
        () => of('now'),
        recipes,
      )
      m.expect(get('x'), '          ^--! ').toBeObservable('a')
      m.expect(source).toHaveSubscriptions('^--! ')
      m.flush()
      expect(recipes.size).toBe(0)
    }),
  )
})
