import Long from 'long'
import { asyncScheduler, defer, EMPTY, of, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { StartPosition } from '../../src/consumer/offsets/start-position.ts'
import { marbles, type Marbles } from '../marbles.ts'
import { drawQueue, P, PAGES, pulled } from './held-queue-drawn.ts'
import type { Scripted } from './held-queue-drawn.ts'

/** A queue whose lock comes and goes as drawn (`y`, `n`); each time it comes, the broker knows the next of these offsets. */
const drawLocked = (m: Marbles, lock: string, committed: readonly number[], more: Scripted = {}) => {
  const asked: string[] = []
  const drawn = drawQueue(m, {
    locked$: () => m.cold(lock, { y: true, n: false }),
    unlock$: () =>
      defer(() => {
        asked.push(`unlock at ${asyncScheduler.now()}`)
        return EMPTY
      }),
    startPosition$: () =>
      defer(() => {
        const offset = Long.fromNumber(committed[asked.length] ?? 0)
        asked.push(`start at ${asyncScheduler.now()}`)
        return of<StartPosition>({ offset, reason: 'committed' })
      }),
    ...more,
  })
  return { ...drawn, asked }
}

describe('a queue that is consumed under a lock', () => {
  it(
    'is not read before this member has the lock',
    marbles(m => {
      const { run$, log, asked } = drawLocked(m, 'n--y', [0], { pulls: [['-(p|)', P]] })
      m.expect(run$(), '^------!').toBeObservable('----p', PAGES)
      m.flush()
      expect([log, asked]).toEqual([['pull 4 from 0 at 3', 'pull 4 from 4 at 4'], ['start at 3']])
    }),
  )

  it(
    'lets go of what is in hand when the lock is lost, tells it, and asks anew where to begin when it has the lock again',
    marbles(m => {
      const { run$, act, delivery, events, log, asked, budget } = drawLocked(m, 'y---n--y', [0, 2], {
        pulls: [
          ['-(p|)', P],
          ['', {}],
          ['-(q|)', { q: pulled([2], 3) }],
        ],
      })
      const aborted: unknown[] = []
      m.expect(run$(), '^---------!').toBeObservable('-p------q', { p: '0,1,2,3', q: '2' })
      act('                                    --s-----a', {
        s: () => delivery(0).signal.addEventListener('abort', () => aborted.push(asyncScheduler.now())),
        a: () => aborted.push(delivery(0).decision, budget.room()),
      })
      m.flush()
      expect(aborted).toEqual([4, 'released', 4])
      expect(asked).toEqual(['start at 0', 'start at 7'])
      expect(log).toEqual(['pull 4 from 0 at 0', 'pull 4 from 4 at 1', 'pull 4 from 2 at 7', 'pull 4 from 3 at 8'])
      expect(events.filter(({ type }) => type === 'consumer-failure')).toMatchObject([
        { where: 'lock', error: { code: 'ERR_RMQ_LOCK_LOST' } },
      ])
    }),
  )

  it(
    'tells brokers nothing while another member may be further, nor at its end',
    marbles(m => {
      const { run$, act, delivery, log, queue } = drawLocked(m, 'y---n', [0], { pulls: [['-(p|)', P]] })
      m.expect(run$(m.hot('                   ---------r'))).toBeObservable('-p-------|', PAGES)
      const commit = () => queue.commit$().subscribe({ error: () => undefined })
      act('                                    --a---c', { a: () => delivery(0).ack(), c: commit })
      m.flush()
      expect(log.filter(line => line.startsWith('commit'))).toEqual([])
    }),
  )

  it(
    'is committed before the lock is given up, and both when it is revoked',
    marbles(m => {
      const { run$, act, delivery, log, asked } = drawLocked(m, 'y', [0], { pulls: [['-(p|)', P]] })
      m.expect(run$(m.hot('                   ---r'))).toBeObservable('-p----|', PAGES)
      act('                                    ------a', { a: () => [0, 1, 2, 3].forEach(n => delivery(n).ack()) })
      m.flush()
      expect([log.at(-1), asked.at(-1)]).toEqual(['commit 4 at 6', 'unlock at 6'])
    }),
  )

  it(
    'goes where a user wished before the lock came, and when it comes again before a broker knew',
    marbles(m => {
      const { run$, act, log, queue } = drawLocked(m, 'n--y--n--y', [0, 0], { pulls: [] })
      m.expect(run$(), '^----------!').toBeObservable('')
      act('-s', { s: () => queue.seek(Long.fromNumber(7)) })
      m.flush()
      expect(log).toEqual(['pull 4 from 7 at 3', 'pull 4 from 7 at 9'])
    }),
  )

  it(
    'that rests, as nobody listens, is committed and unlocked when it is revoked',
    marbles(m => {
      const { queue, run$, act, delivery, log, asked } = drawLocked(m, 'y', [0], { pulls: [['-(p|)', P]] })
      m.expect(run$(), '^--!').toBeObservable('-p', PAGES)
      m.expect(queue.rest$(m.hot('------r')), '---^').toBeObservable('------|')
      act('                            --a', { a: () => delivery(0).ack() })
      m.flush()
      expect([log.at(-1), asked.at(-1), delivery(1).decision]).toEqual(['commit 1 at 6', 'unlock at 6', 'released'])
    }),
  )
})

describe('a revoked queue that nothing locks', () => {
  it(
    'is not committed back when the next owner is further: it is told where it stands once, at once',
    marbles(m => {
      let known: StartPosition = { offset: Long.ZERO, reason: 'first' }
      const { run$, act, delivery, log } = drawQueue(m, {
        pulls: [['-(p|)', P]],
        startPosition$: () => defer(() => of(known)),
      })
      m.expect(run$(m.hot('                   ---r')).pipe(tap())).toBeObservable('-p----|', PAGES)
      act('                                    --a-o-b', {
        a: () => delivery(0).ack(),
        o: () => (known = { offset: Long.fromNumber(50), reason: 'committed' }),
        b: () => [1, 2, 3].forEach(n => delivery(n).ack()),
      })
      m.flush()
      expect(log.filter(line => line.startsWith('commit'))).toEqual(['commit 1 at 3'])
    }),
  )
})
