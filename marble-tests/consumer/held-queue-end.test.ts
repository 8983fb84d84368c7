import { defer, NEVER, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createBudget } from '../../src/consumer/queues/budget.ts'
import { notConnected } from '../../src/errors.ts'
import { marbles } from '../marbles.ts'
import { drawQueue, P, PAGES } from './held-queue-drawn.ts'

const refused = notConnected('a:1')

describe('a revoked queue', () => {
  it(
    'pulls no more, waits for what is in hand, commits, and ends',
    marbles(m => {
      const { run$, act, delivery, log } = drawQueue(m, { pulls: [['-(p|)', P]] })
      const revoked$ = m.hot('             ---r')
      m.expect(run$(revoked$)).toBeObservable('-p------|', PAGES)
      act('                                    -----a--b', {
        a: () => [0, 1, 2].forEach(offset => delivery(offset).ack()),
        b: () => delivery(3).ack(),
      })
      m.flush()
      expect(log).toEqual(['pull 4 from 0 at 0', 'pull 4 from 4 at 1', 'commit 4 at 8'])
    }),
  )

  it(
    'commits at once what is settled, for the next owner, and waits for the rest no longer than the deadline',
    marbles(m => {
      const { run$, act, delivery, log } = drawQueue(m, { pulls: [['-(p|)', P]], drainMs: 5 })
      const revoked$ = m.hot('             ---r')
      m.expect(run$(revoked$)).toBeObservable('-p------|', PAGES)
      act('                                    --a', { a: () => delivery(0).ack() })
      m.flush()
      expect(log.at(-1)).toBe('commit 1 at 3')
    }),
  )

  it(
    'does not wait for what was released: it comes again elsewhere',
    marbles(m => {
      const { run$, act, delivery, log } = drawQueue(m, { pulls: [['-(p|)', P]] })
      const revoked$ = m.hot('             ---r')
      m.expect(run$(revoked$)).toBeObservable('-p---|', PAGES)
      act('                                    -----a', {
        a: () => {
          delivery(0).ack()
          for (const offset of [1, 2, 3]) delivery(offset).release()
        },
      })
      m.flush()
      expect(log.at(-1)).toBe('commit 1 at 5')
    }),
  )

  it(
    'tries the last commit twice, then ends all the same',
    marbles(m => {
      let commits = 0
      const commit$ = () => defer(() => throwError(() => (commits++, refused)))
      const { run$, events } = drawQueue(m, { commit$, pulls: [] })
      const revoked$ = m.hot('             ---r')
      m.expect(run$(revoked$)).toBeObservable('---|')
      m.flush()
      expect([commits, events.filter(({ type }) => type === 'consumer-failure')]).toMatchObject([
        2,
        [{ where: 'commit' }, { where: 'commit' }],
      ])
    }),
  )

  it(
    'ends at once where it was revoked before it began',
    marbles(m => {
      const { run$, log } = drawQueue(m, { startPosition$: () => NEVER })
      m.expect(run$(m.cold('--r'))).toBeObservable('--|')
      m.flush()
      expect(log).toEqual([])
    }),
  )
})

describe('a queue that is given up', () => {
  it(
    'aborts what is in hand, gives its credits back, and hears no late settlement',
    marbles(m => {
      const total = createBudget({ messages: 8, bytes: 1_000_000 }, 4)
      const budget = total.queue({ messages: 100, bytes: 1_000_000 })
      const { run$, act, delivery, queue } = drawQueue(m, { pulls: [['-(p|)', P]], budget })
      const taken: number[] = []
      let signal: AbortSignal | undefined
      m.expect(run$(), '^---!').toBeObservable('-p', PAGES)
      act('              --s-c-a', {
        s: () => {
          signal = delivery(0).signal
          taken.push(total.taken().messages)
        },
        c: () => {
          queue.close()
          taken.push(total.taken().messages)
        },
        a: () => {
          delivery(0).ack()
          taken.push(total.taken().messages)
        },
      })
      m.flush()
      expect([signal?.aborted, taken, queue.progress()?.unsettled]).toEqual([true, [4, 0, 0], 0])
    }),
  )

  it(
    'stops trying to send messages back',
    marbles(m => {
      let tries = 0
      const sendBack$ = () => defer(() => throwError(() => (tries++, refused)))
      const { run$, act, delivery, queue } = drawQueue(m, { pulls: [['-(p|)', P]], sendBack$ })
      m.expect(run$(), '^---!').toBeObservable('-p', PAGES)
      act('              --a-c', { a: () => delivery(0).retryLater(), c: () => queue.close() })
      m.flush()
      expect(tries).toBe(1)
    }),
  )
})
