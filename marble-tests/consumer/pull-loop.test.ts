import Long from 'long'
import {
  asyncScheduler,
  defer,
  ignoreElements,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  take,
  tap,
  timer,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBudget, type QueueBudget } from '../../src/consumer/budget.ts'
import { pullLoop$, type Page, type PullLoopOptions } from '../../src/consumer/pull-loop.ts'
import { marbles, type Marbles } from '../marbles.ts'

const PLENTY = { messages: 1_000, bytes: 1_000_000 }

/** The credits of a queue that is alone in its consumer. */
const credits = (messages: number, batch: number, bytes = PLENTY.bytes): QueueBudget =>
  createBudget(PLENTY, batch).queue({ messages, bytes })

/** A broker with endless messages of 10 bytes, whose answers take 3 ms; fails where the diagram does. Notes the pulls. */
const endless = (
  m: Marbles,
  budget: QueueBudget,
  more: Partial<PullLoopOptions<number>> & { diagrams?: readonly string[] } = {},
) => {
  const { diagrams = [], ...options } = more
  const pulls: string[] = []
  const pull$ = (offset: Long, max: number) =>
    defer(() => {
      const diagram = diagrams[pulls.length] ?? '---(p|)'
      pulls.push(`${max} from ${offset.toString()} at ${asyncScheduler.now()}`)
      const entries = Array.from({ length: max }, (_, i) => offset.toNumber() + i)
      return m.cold<Page<number>>(diagram, { p: { entries, nextOffset: offset.add(max) } })
    })
  const pages$ = pullLoop$<number>({ pull$, from: Long.ZERO, budget, bytesOf: () => 10, onError: () => 4, ...options })
  return { pages$, pulls }
}

const messages = (pages$: Observable<Page<number>>) => pages$.pipe(mergeMap(page => page.entries))
const each = (pages$: Observable<Page<number>>) => messages(pages$).pipe(map(message => String(message)))
/** `p` for each page. */
const shown = (pages$: Observable<Page<number>>) => pages$.pipe(map(() => 'p'))

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
