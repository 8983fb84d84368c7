import Long from 'long'
import { defer, map, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBudget } from '../../src/consumer/queues/budget.ts'
import { decodeFailed, notConnected, RocketError } from '../../src/errors.ts'
import { marbles } from '../marbles.ts'
import { drawQueue, P, PAGES, pulled } from './held-queue-drawn.ts'

const refused = notConnected('a:1')

describe('a held queue', () => {
  it(
    'begins where it is told, and says so',
    marbles(m => {
      const startPosition$ = () => m.cold('--(x|)', { x: { offset: Long.fromNumber(7), reason: 'committed' as const } })
      const { run$, log, events, queue } = drawQueue(m, { startPosition$, pulls: [['-(p|)', { p: pulled([7], 8) }]] })
      m.expect(run$()).toBeObservable('---p', { p: '7' })
      m.flush()
      expect(log).toEqual(['pull 4 from 7 at 2', 'pull 4 from 8 at 3'])
      expect(events).toMatchObject([{ type: 'start-position', group: 'g', offset: '7', reason: 'committed' }])
      expect(queue.progress()).toMatchObject({ committed: Long.fromNumber(7), unsettled: 1, lag: 93 })
    }),
  )

  it(
    'tries again a second after it could not begin, or could not pull',
    marbles(m => {
      let tries = 0
      const startPosition$ = () =>
        defer(() => (++tries === 1 ? m.cold('#', {}, refused) : of({ offset: Long.ZERO, reason: 'first' as const })))
      const { run$, log, events } = drawQueue(m, {
        startPosition$,
        pulls: [
          ['#', {}, refused],
          ['-(p|)', P],
        ],
      })
      m.expect(run$()).toBeObservable('2001ms p', PAGES)
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pull 4 from 0 at 1000', 'pull 4 from 0 at 2000'])
      expect(events).toMatchObject([
        { type: 'consumer-failure', where: 'start-position' },
        { type: 'start-position' },
        { type: 'consumer-failure', where: 'pull' },
      ])
    }),
  )

  it(
    'asks a broker that limits its pulls again soon',
    marbles(m => {
      const limited = new RocketError('ERR_RMQ_BUSY', 'too many pulls', { responseCode: 215 })
      const { run$, log } = drawQueue(m, {
        pulls: [
          ['#', {}, limited],
          ['-(p|)', P],
        ],
      })
      m.expect(run$()).toBeObservable('21ms p', PAGES)
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pull 4 from 0 at 0', 'pull 4 from 0 at 20'])
    }),
  )

  it(
    'goes where the broker says when its place is gone, lets go of what it has in hand, and says so',
    marbles(m => {
      const moved = pulled([], 50, { status: 'OFFSET_ILLEGAL' })
      const pulls = [
        ['-(p|)', P],
        ['----(m|)', { m: moved }],
        ['--(q|)', { q: pulled([50], 51) }],
      ] as const
      const { run$, log, events, queue, act, delivery, commitPoint } = drawQueue(m, { pulls })
      const aborted: boolean[] = []
      m.expect(run$()).toBeObservable('-p-----q', { p: '0,1,2,3', q: '50' })
      act('                            ---a----b', {
        a: () => aborted.push(delivery(0).signal.aborted),
        b: () => {
          aborted.push(delivery(0).signal.aborted)
          delivery(0).ack() // of the old place: too late to count
        },
      })
      m.flush()
      expect(log).toEqual(['pull 4 from 0 at 0', 'pull 4 from 4 at 1', 'pull 4 from 50 at 5', 'pull 4 from 51 at 7'])
      expect([aborted, commitPoint(), queue.progress()?.unsettled]).toEqual([[false, true], '50', 1])
      expect(events).toContainEqual(expect.objectContaining({ type: 'offset-corrected', from: '4', to: '50' }))
    }),
  )

  it(
    'delivers what stands before damage, and skips nothing: the next pull begins at the damage',
    marbles(m => {
      const damaged = pulled([0, 1], 9, { failure: decodeFailed('stored message 3 is cut off') })
      const unreadable = pulled([], 9, { status: 'FOUND', failure: decodeFailed('stored message 1 is cut off') })
      const { run$, log, events } = drawQueue(m, {
        pulls: [
          ['-(d|)', { d: damaged }],
          ['-(u|)', { u: unreadable }],
        ],
      })
      m.expect(run$(), '^-----!').toBeObservable('-d', { d: '0,1' })
      m.flush()
      expect(log).toEqual(['pull 4 from 0 at 0', 'pull 4 from 2 at 1'])
      expect(events.slice(1)).toMatchObject([
        { type: 'consumer-failure', where: 'decode' },
        { type: 'consumer-failure', where: 'pull', error: { code: 'ERR_RMQ_DECODE' } },
      ])
    }),
  )

  it(
    'is silent about a pull that brought nothing, and pulls again',
    marbles(m => {
      const pulls = [
        ['--(e|)', { e: pulled([], 3) }],
        ['-(q|)', P],
      ] as const
      const { run$, log } = drawQueue(m, { pulls })
      m.expect(run$()).toBeObservable('---q', PAGES)
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pull 4 from 0 at 0', 'pull 4 from 3 at 2'])
    }),
  )

  it(
    'sends a message back again after 5 s when the broker could not take it, and keeps its credit till then',
    marbles(m => {
      let tries = 0
      const sendBack$ = () => defer(() => (++tries === 1 ? throwError(() => refused) : of(undefined)))
      const { run$, act, delivery, queue, events } = drawQueue(m, { pulls: [['-(p|)', P]], sendBack$ })
      m.expect(queue.settlements$.pipe(map(() => queue.progress()?.unsettled))).toBeObservable('5002ms n', { n: 3 })
      m.expect(run$()).toBeObservable('-p', PAGES)
      act('                            --a', { a: () => delivery(0).deadLetter() })
      m.flush()
      expect(events.slice(1)).toMatchObject([{ type: 'consumer-failure', where: 'send-back', error: refused }])
    }),
  )
})

describe('a held queue within its span', () => {
  const pulls = [
    ['-(p|)', P],
    ['-(q|)', P],
  ] as const

  it(
    'asks for no more offsets than the span allows beyond the oldest unsettled one',
    marbles(m => {
      const { run$, log, act, delivery } = drawQueue(m, { pulls, span: 4 })
      m.expect(run$()).toBeObservable('-p------q', PAGES)
      act('                            ---b---a-', { a: () => delivery(0).ack(), b: () => delivery(1).ack() })
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pull 4 from 0 at 0', 'pull 2 from 4 at 7'])
    }),
  )

  it(
    'goes on when the rest of the consumer gives credits back, though it waited for its span before',
    marbles(m => {
      const total = createBudget({ messages: 8, bytes: 1_000_000 }, 4)
      const other = total.queue({ messages: 100, bytes: 1_000_000 })
      const budget = total.queue({ messages: 100, bytes: 1_000_000 })
      const { run$, act, delivery } = drawQueue(m, { pulls, span: 4, budget })
      m.expect(run$()).toBeObservable('-p-----------q', PAGES)
      act('                            ---o---a----b', {
        o: () => {
          other.take(1, 10)
          other.give(1, 10) // there is room in the total, but not in the span
        },
        a: () => {
          other.take(8, 80) // what other queues had pulled meanwhile
          for (const offset of [0, 1, 2, 3]) delivery(offset).ack() // room in the span, but the total is full
        },
        b: () => other.give(8, 80), // room in both
      })
    }),
  )
})
