import { asyncScheduler, throwError } from 'rxjs'
import { expect, it } from 'vitest'
import { explained } from '../../src/consumer/explained.ts'
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
