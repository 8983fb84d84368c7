import Long from 'long'
import { asyncScheduler, defer, ignoreElements, merge, mergeMap, of, take, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBudget } from '../../src/consumer/queues/budget.ts'
import { pullLoop$, type Page } from '../../src/consumer/queues/pull-loop.ts'
import { marbles } from '../marbles.ts'
import { credits, each, endless, PLENTY, shown } from './pull-loop-drawn.ts'

describe('the credit gate of a queue', () => {
  it(
    'opens with each settlement: two in hand at most, one pulled at a time, each settled after 5 ms',
    marbles(m => {
      const budget = credits(2, 1)
      const { pages$ } = endless(m, budget)
      const settled$ = timer(5).pipe(
        tap(() => budget.give(1, 10)),
        ignoreElements(),
      )
      const handled$ = each(pages$).pipe(
        mergeMap(message => merge(of(message), settled$)),
        take(6),
      )
      const expected = '---0--1----2--3----4--(5|)'
      m.expect(handled$).toBeObservable(expected)
    }),
  )

  it(
    'closes when nobody settles: three batches, then silence',
    marbles(m => {
      const { pages$, pulls } = endless(m, credits(96, 32))
      m.expect(shown(pages$)).toBeObservable('---p--p--p')
      m.flush()
      expect(pulls).toEqual(['32 from 0 at 0', '32 from 32 at 3', '32 from 64 at 6'])
    }),
  )

  it(
    'asks for no more messages than there is room for',
    marbles(m => {
      const { pages$, pulls } = endless(m, credits(50, 32))
      m.expect(shown(pages$)).toBeObservable('---p--p')
      m.flush()
      expect(pulls).toEqual(['32 from 0 at 0', '18 from 32 at 3'])
    }),
  )

  it(
    'stays closed until half a batch is free: messages are not pulled one by one',
    marbles(m => {
      const budget = credits(8, 8)
      const { pages$, pulls } = endless(m, budget)
      m.expect(m.cold('         -----ssss').pipe(tap(() => budget.give(1, 10)))).toBeObservable('-----ssss')
      m.expect(shown(pages$)).toBeObservable('---p-------p')
      m.flush()
      expect(pulls).toEqual(['8 from 0 at 0', '4 from 8 at 8'])
    }),
  )

  it(
    'opens for the last credit where the limit is lower than half a batch',
    marbles(m => {
      const budget = credits(1, 32)
      const { pages$, pulls } = endless(m, budget)
      m.expect(m.cold('         -----s').pipe(tap(() => budget.give(1, 10)))).toBeObservable('-----s')
      m.expect(shown(pages$)).toBeObservable('---p----p')
      m.flush()
      expect(pulls).toEqual(['1 from 0 at 0', '1 from 1 at 5'])
    }),
  )

  it(
    'closes by bytes, too',
    marbles(m => {
      const budget = credits(1_000, 4, 75)
      const { pages$, pulls } = endless(m, budget)
      m.expect(m.cold('         ---------------s').pipe(tap(() => budget.give(1, 10)))).toBeObservable(
        '---------------s',
      )
      m.expect(shown(pages$)).toBeObservable('---p--p-----------p')
      m.flush()
      expect(pulls).toEqual(['4 from 0 at 0', '4 from 4 at 3', '4 from 8 at 15'])
    }),
  )

  it(
    'closes when the whole consumer has enough in hand, and opens when another queue gives back',
    marbles(m => {
      const total = createBudget({ messages: 4, bytes: 1_000 }, 4)
      const full = total.queue(PLENTY)
      full.take(4, 40)
      const { pages$, pulls } = endless(m, total.queue(PLENTY))
      m.expect(m.cold('         -----ss').pipe(tap(() => full.give(1, 10)))).toBeObservable('-----ss')
      m.expect(shown(pages$)).toBeObservable('---------p')
      m.flush()
      expect(pulls).toEqual(['2 from 0 at 6'])
    }),
  )

  it.each([2, 3, 5, 8])('keeps the limit of the whole consumer when %i queues pull at the same time', count =>
    marbles(m => {
      const total = createBudget({ messages: 10, bytes: 1_000 }, 8)
      const queues = Array.from({ length: count }, () => endless(m, total.queue(PLENTY)).pages$)
      const taken: number[] = []
      const noted$ = merge(...queues).pipe(
        tap(() => taken.push(total.taken().messages)),
        ignoreElements(),
      )
      m.expect(noted$).toBeObservable('')
      m.flush()
      expect(Math.max(...taken)).toBeLessThanOrEqual(10)
      expect(Math.max(...taken)).toBeGreaterThan(5) // it is used, too
    })(),
  )

  it(
    'opens again after an empty page, which costs no credit',
    marbles(m => {
      const pages = ['--(e|)', '--(e|)']
      const pulls: number[] = []
      const pull$ = () =>
        defer(() => {
          pulls.push(asyncScheduler.now())
          const diagram = pages[pulls.length - 1] ?? '-------'
          return m.cold<Page<number>>(diagram, { e: { entries: [], nextOffset: Long.ZERO } })
        })
      const options = { pull$, from: Long.ZERO, budget: credits(1, 1), bytesOf: () => 10, onError: () => 4 }
      m.expect(shown(pullLoop$<number>(options)), '^-------!').toBeObservable('--p-p')
      m.flush()
      expect(pulls).toEqual([0, 2, 4])
    }),
  )
})
