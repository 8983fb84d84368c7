import { defer, EMPTY, finalize, merge, NEVER, of, retry, Subject, take, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { sharedByKey, type SharedEntry } from '../../src/operators/shared-by-key.ts'
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
    'opens nothing before somebody subscribes, and remembers nothing of keys nobody uses',
    marbles(m => {
      const entries = new Map<string, SharedEntry<string>>()
      const closed = new Subject<string>()
      const get = sharedByKey<string>(
        key => (key === 'fails' ? m.cold('-#') : m.cold('-a--').pipe(finalize(() => closed.next(key)))),
        () => timer(2),
        entries,
      )
      void get('never asked')
      m.expect(get('x').pipe(take(1))).toBeObservable('-(a|)')
      m.expect(get('fails')).toBeObservable('-#')
      m.expect(closed).toBeObservable('---x')
      m.expect(
        defer(() => of(entries.size)),
        '--^',
      ).toBeObservable('--(n|)', { n: 1 })
      m.expect(
        defer(() => of(entries.size)),
        '----^',
      ).toBeObservable('----(n|)', { n: 0 })
    }),
  )
})
