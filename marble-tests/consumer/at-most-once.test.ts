import Long from 'long'
import { asyncScheduler, defer, map, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { marbles, type Marbles } from '../marbles.ts'
import { drawQueue, P, PAGES, pulled } from './held-queue-drawn.ts'
import type { Scripted } from './held-queue-drawn.ts'

/** At most once, with commits that are answered as drawn: `c` is done, `#` failed. */
const drawLead = (m: Marbles, commits: readonly string[], pulls: Scripted['pulls']) => {
  const told: string[] = []
  const drawn = drawQueue(m, {
    atMostOnce: true,
    pulls: pulls ?? [],
    commit$: (_, offset) =>
      defer(() => {
        const answer = commits[told.push(`${offset.toString()} at ${asyncScheduler.now()}`) - 1] ?? '(c|)'
        return answer === '#' ? throwError(() => notConnected('a:1')) : m.cold(answer).pipe(map(() => undefined))
      }),
  })
  return { ...drawn, told }
}

describe('at most once', () => {
  it(
    'a page is handed out when the broker knows that it is',
    marbles(m => {
      const { run$, told } = drawLead(m, ['---(c|)'], [['-(p|)', P]])
      m.expect(run$(), '^------!').toBeObservable('----p', PAGES)
      m.flush()
      expect(told).toEqual(['4 at 1'])
    }),
  )

  it(
    'a page is held back while its commit fails, which is told, and so is what comes behind it',
    marbles(m => {
      const { run$, told, events } = drawLead(
        m,
        ['#', '-(c|)'],
        [
          ['-(p|)', P],
          ['-(q|)', P],
        ],
      )
      m.expect(run$(), '^ 2s !').toBeObservable('1002ms (pq)', PAGES)
      m.flush()
      expect(told).toEqual(['4 at 1', '4 at 1001', '6 at 1002'])
      expect(events.filter(({ type }) => type === 'consumer-failure')).toMatchObject([{ where: 'commit' }])
    }),
  )

  it(
    'a page that was held back when the queue is revoked counts as nobody’s: it is not committed past',
    marbles(m => {
      const { run$, told, queue, act } = drawLead(m, ['#'], [['-(p|)', P]])
      m.expect(run$(m.hot('---r'))).toBeObservable('---|')
      act('               --x', { x: () => queue.release('unbegun') })
      m.flush()
      expect(told.filter(commit => !commit.startsWith('0'))).toEqual(['4 at 1'])
    }),
  )

  it(
    'a page that was held back is dropped by a seek: neither handed out nor committed any more',
    marbles(m => {
      const { run$, told, queue, act } = drawLead(
        m,
        ['#'],
        [
          ['-(p|)', P],
          ['', {}],
          ['-(x|)', { x: pulled([50], 51) }],
        ],
      )
      m.expect(run$(), '^ 2s !').toBeObservable('----x', { x: '50' })
      act('                   ---s', { s: () => queue.seek(Long.fromNumber(50)) })
      m.flush()
      expect(told).toEqual(['4 at 1', '51 at 4'])
    }),
  )

  it(
    'settling changes nothing but the credit',
    marbles(m => {
      const { run$, told, delivery, act, budget, queue } = drawLead(m, [], [['-(p|)', P]])
      m.expect(run$(), '^------!').toBeObservable('-p', PAGES)
      act('                   ---a', {
        a: () => {
          delivery(1).ack()
          delivery(0).release()
        },
      })
      m.flush()
      expect([told, queue.progress()?.commitPoint.toNumber(), budget.room()]).toEqual([['4 at 1'], 4, 4])
    }),
  )
})
