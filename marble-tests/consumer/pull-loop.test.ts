import Long from 'long'
import { asyncScheduler, defer, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBudget, type QueueBudget } from '../../src/consumer/queues/budget.ts'
import { pullLoop$, type Page } from '../../src/consumer/queues/pull-loop.ts'
import { marbles } from '../marbles.ts'
import { credits, each, endless, PLENTY, shown } from './pull-loop-drawn.ts'

describe('a pull', () => {
  it(
    'is not made within subscribe',
    marbles(m => {
      const { pages$, pulls } = endless(m, credits(1, 1))
      pages$.subscribe()
      expect(pulls).toEqual([])
      m.flush()
      expect(pulls).toEqual(['1 from 0 at 0'])
    }),
  )

  it(
    'that fails is told, and made again from the same offset after a while',
    marbles(m => {
      const told: unknown[] = []
      const onError = (error: unknown) => {
        told.push(error)
        return 4
      }
      const { pages$, pulls } = endless(m, credits(4, 2), { diagrams: ['---(p|)', '-#', '--#'], onError })
      m.expect(shown(pages$)).toBeObservable('---p-------------p')
      m.flush()
      expect(told).toEqual(['error', 'error'])
      expect(pulls).toEqual(['2 from 0 at 0', '2 from 2 at 3', '2 from 2 at 8', '2 from 2 at 14'])
    }),
  )

  it(
    'waits as long as it is told after one that brought messages, and not after one that brought none',
    marbles(m => {
      const empty = { entries: [], nextOffset: Long.ONE }
      const pulls: number[] = []
      const pull$ = () =>
        defer(() => {
          pulls.push(asyncScheduler.now())
          const page: Page<number> = pulls.length === 2 ? empty : { entries: [1], nextOffset: Long.ONE }
          return m.cold(pulls.length < 4 ? '---(p|)' : '', { p: page })
        })
      const options = { from: Long.ZERO, bytesOf: () => 1, onError: () => 4, intervalMs: 7 }
      const pages$ = pullLoop$<number>({ pull$, budget: credits(9, 1), ...options })
      m.expect(shown(pages$), '^ 40ms !').toBeObservable('---p---------p--p')
      m.flush()
      expect(pulls).toEqual([0, 10, 13, 23])
    }),
  )

  it(
    'that fails is not made later for that',
    marbles(m => {
      const { pages$, pulls } = endless(m, credits(9, 2), { diagrams: ['-#', '---(p|)', ''], intervalMs: 7 })
      m.expect(shown(pages$), '^ 20ms !').toBeObservable('--------p')
      m.flush()
      expect(pulls).toEqual(['2 from 0 at 0', '2 from 0 at 5', '2 from 2 at 15'])
    }),
  )

  it(
    'may be held by the broker when the page before it was the end of the queue, and only then',
    marbles(m => {
      const page = (caughtUp: boolean): Page<number> => ({ entries: [1], nextOffset: Long.ONE, caughtUp })
      const pages = ['-(e|)', '-----(n|)', '-(e|)', '-#', '-(e|)']
      const pulls: string[] = []
      const pull$ = (_: Long, __: number, held: boolean) =>
        defer(() => {
          pulls.push(`${held ? 'held' : 'at once'} at ${asyncScheduler.now()}`)
          return m.cold<Page<number>>(pages[pulls.length - 1] ?? '', { e: page(true), n: page(false) })
        })
      const options = { from: Long.ZERO, budget: credits(99, 1), bytesOf: () => 10, onError: () => 2 }
      m.expect(shown(pullLoop$<number>({ ...options, pull$ })), '^----------------!').toBeObservable('-p----pp---p')
      m.flush()
      expect(pulls).toEqual([
        'at once at 0',
        'held at 1',
        'at once at 6',
        'held at 7', // which fails at 8
        'at once at 10',
        'held at 11',
      ])
    }),
  )

  it(
    'that may be held holds no credits meanwhile: another queue can have them all',
    marbles(m => {
      const total = createBudget({ messages: 4, bytes: 1_000 }, 4)
      const end: Page<number> = { entries: [], nextOffset: Long.ZERO, caughtUp: true }
      const idle$ = pullLoop$<number>({
        pull$: (_, __, held) => m.cold<Page<number>>(held ? '' : '-(e|)', { e: end }),
        from: Long.ZERO,
        budget: total.queue(PLENTY),
        bytesOf: () => 10,
        onError: () => 4,
      })
      const busy = endless(m, total.queue(PLENTY))
      m.expect(shown(idle$), '      ^---------!').toBeObservable('-p')
      m.expect(shown(busy.pages$), '--^-------!').toBeObservable('-----p')
      m.flush()
      expect(busy.pulls).toEqual(['4 from 0 at 2'])
    }),
  )

  it(
    'under way is cancelled when unsubscribed, and no other one is made',
    marbles(m => {
      const pull$ = m.cold<Page<number>>('-----p')
      const options = { from: Long.ZERO, budget: credits(9, 1), bytesOf: () => 10, onError: () => 4 }
      const until = '                     ^--!'
      m.expect(pullLoop$<number>({ ...options, pull$: () => pull$ }), until).toBeObservable('')
      m.expect(pull$).toHaveSubscriptions(until)
    }),
  )

  it(
    'is not made any more after unsubscribing: not when credits come back, not after the wait for a failed one',
    marbles(m => {
      const budget = credits(1, 1)
      const closed = endless(m, budget)
      const failed = endless(m, credits(1, 1), { diagrams: ['-#'] })
      m.expect(m.cold('                 ------s').pipe(tap(() => budget.give(1, 10)))).toBeObservable('------s')
      m.expect(shown(closed.pages$), '   ^---!').toBeObservable('---p')
      m.expect(shown(failed.pages$), '   ^---!').toBeObservable('')
      m.flush()
      expect([closed.pulls, failed.pulls]).toEqual([['1 from 0 at 0'], ['1 from 0 at 0']])
    }),
  )

  it(
    'leaves nothing behind when unsubscribed: no timer, and nobody who waits for credits',
    marbles(m => {
      let waiting = 0
      const closed: QueueBudget = {
        ...credits(1, 1),
        room: () => 0,
        whenRoom: () => {
          waiting++
          return () => waiting--
        },
      }
      const failed = endless(m, credits(1, 1), { diagrams: ['-#'], onError: () => 1_000_000 })
      m.expect(shown(endless(m, closed).pages$), '^---!').toBeObservable('')
      m.expect(shown(failed.pages$), '            ^---!').toBeObservable('')
      m.flush()
      expect(waiting).toBe(0)
      expect(asyncScheduler.now()).toBeLessThan(1_000) // a timer that was left would have taken time on with it
    }),
  )

  it(
    'goes on from a place of its own for each subscriber',
    marbles(m => {
      const { pages$ } = endless(m, credits(9, 1))
      m.expect(each(pages$), '^-------!').toBeObservable('---0--1')
      m.expect(each(pages$), '----------^------!').toBeObservable('-------------0--1')
    }),
  )
})
