import Long from 'long'
import { asyncScheduler, defer, of, throwError } from 'rxjs'
import { expect, it } from 'vitest'
import { explained } from '../../src/consumer/queues/explained.ts'
import { aQueue } from '../../test/support/builders.ts'
import { marbles } from '../marbles.ts'
import { drawQueue, P, PAGES } from './held-queue-drawn.ts'

const failing = (why: string) => () => throwError(() => new Error(why))

it(
  'why a queue stands where it stands follows what fails, and since when',
  marbles(m => {
    const { queue, run$, act, delivery } = drawQueue(m, {
      pulls: [
        ['-(p|)', P],
        ['-#', {}, new Error('no broker')],
      ],
      sendBack$: failing('not now'),
      commit$: failing('read only'),
    })
    const told: string[] = []
    const tell = () => {
      const facts = queue.facts()
      told.push(
        `${asyncScheduler.now()} ${explained(aQueue(), facts)
          .reasons.map(r => r.sentence)
          .join('; ')}`,
      )
    }
    m.expect(run$(), '---------!').toBeObservable('-p', PAGES)
    act('t--a-t-ctx', {
      t: tell,
      a: () => delivery(0).retryLater(),
      c: () => queue.commit$().subscribe({ error: () => undefined }),
      x: () => queue.close(),
    })
    m.flush()
    expect(told).toEqual([
      '0 its first pull is on the way; its broker knows of no progress, until the next commit',
      '5 offset 0 (attempt 1) is not settled: a broker shall take it back and fails for 2 ms: not now; pulls fail for 3 ms: no broker; its broker knows of no progress, until the next commit',
      '8 offset 0 (attempt 1) is not settled: a broker shall take it back and fails for 5 ms: not now; pulls fail for 6 ms: no broker; commits fail for 1 ms: read only',
    ])
  }),
)

it(
  'a failure is told since its first time, with its latest words, and no more once it is over',
  marbles(m => {
    let starts = 0
    const startPosition$ = () =>
      defer(() =>
        ++starts < 3
          ? m.cold('#', {}, new Error(`start ${starts}`))
          : of({ offset: Long.ZERO, reason: 'first' as const }),
      )
    const { queue, run$, act, delivery } = drawQueue(m, {
      startPosition$,
      pulls: [
        ['-#', {}, new Error('pull 1')],
        ['-#', {}, new Error('pull 2')],
        ['-(p|)', P],
      ],
    })
    const told: string[] = []
    const tell = () => {
      const { reasons } = explained(aQueue(), queue.facts())
      told.push(`${asyncScheduler.now()} ${reasons.map(({ sentence }) => sentence).join('; ')}`)
    }
    m.expect(run$(m.hot('5000ms r'))).toBeObservable('4003ms p 1016ms |', PAGES)
    act('500ms t 999ms t 999ms t 999ms t 999ms a 409ms t 99ms t', {
      t: tell,
      a: () => [0, 1, 2].forEach(offset => delivery(offset).ack()),
    })
    m.flush()
    expect(told).toEqual([
      '500 waits to learn where to begin, which fails for 500 ms: start 1',
      '1500 waits to learn where to begin, which fails for 1500 ms: start 2',
      '2500 pulls fail for 499 ms: pull 1; its broker knows of no progress, until the next commit',
      '3500 pulls fail for 1499 ms: pull 2; its broker knows of no progress, until the next commit',
      '4910 offset 3 (attempt 1) is not settled: nobody has begun with it; its broker knows of no progress, until the next commit',
      '5010 it was revoked, and what is in hand is awaited; offset 3 (attempt 1) is not settled: nobody has begun with it',
    ])
  }),
)
