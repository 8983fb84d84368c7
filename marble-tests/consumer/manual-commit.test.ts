import { defer, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { on, topic, type Consumer } from '../../src/index.ts'
import { answers } from '../../test/support/fake-cluster.ts'
import { type Marbles, marbles } from '../marbles.ts'
import { at, COMMIT, drawConsumer, shown } from './consumer-drawn.ts'
import { drawQueue, P, PAGES } from './held-queue-drawn.ts'

/** A consumer of three messages that are handled one after the other, 3 ms each; `told` of its commits. */
const drawManual = (m: Marbles, instead: Parameters<typeof drawConsumer>[2] = {}) => {
  const { client, told } = drawConsumer(m, ['-p'], instead)
  const consumer = client.consumer({
    group: 'h',
    subscribe: [on(topic('t'))],
    startFrom: 'first',
    autoCommit: false,
    commit: { everyMs: 4 },
  })
  return { consumer, commits: () => told(COMMIT) }
}
const oneByOne = (consumer: Consumer, until: string, m: Marbles) =>
  shown(consumer, 3, { concurrency: 1, until: m.cold(until) })

describe('a consumer that commits only when it is told to', () => {
  it(
    'does not commit from time to time, nor at its end, and nothing is missing then',
    marbles(m => {
      const { consumer, commits } = drawManual(m)
      const reports: unknown[] = []
      m.expect(oneByOne(consumer, '------------s', m)).toBeObservable('----0--1--2-|', { 0: '0', 1: '1', 2: '2' })
      at(m, '--------------c', () => consumer.drain$().subscribe(report => reports.push(report)))
      m.flush()
      expect([commits(), reports]).toEqual([[], [expect.objectContaining({ forced: false, uncommitted: 0 })]])
    }),
  )

  it(
    'tells by commit$ what is settled by then, and no more',
    marbles(m => {
      const { consumer, commits } = drawManual(m)
      m.expect(oneByOne(consumer, '------------s', m)).toBeObservable('----0--1--2-|', { 0: '0', 1: '1', 2: '2' })
      at(m, '--------c', () => consumer.commit$().subscribe())
      m.flush()
      expect(commits()).toEqual(['2 at 8'])
    }),
  )

  it(
    'tells again what could not be told, as it was when it was asked for',
    marbles(m => {
      let asked = 0
      const { consumer, commits } = drawManual(m, {
        [COMMIT]: () => defer(() => (++asked === 1 ? of(answers(1)) : of(answers(0)))),
      })
      m.expect(oneByOne(consumer, '--------------s', m)).toBeObservable('----0--1--2---|', { 0: '0', 1: '1', 2: '2' })
      const failed: unknown[] = []
      at(m, '-----c', () => consumer.commit$().subscribe({ error: (error: unknown) => failed.push(error) }))
      m.flush()
      expect([commits(), failed]).toEqual([['1 at 5', '1 at 8'], [expect.objectContaining({ code: 'ERR_RMQ_BROKER' })]])
    }),
  )

  it(
    'tells nothing of a queue whose lock was lost: another member may be further',
    marbles(m => {
      const refused = notConnected('a:1')
      const { queue, run$, act, delivery } = drawQueue(m, {
        pulls: [['-(p|)', P]],
        autoCommit: false,
        locked$: () => m.cold('l----x', { l: true, x: false }),
        commit$: () => throwError(() => refused),
      })
      m.expect(run$()).toBeObservable('-p', PAGES)
      const tried: string[] = []
      const commit = () =>
        queue.commit$().subscribe({ error: () => tried.push('failed'), complete: () => tried.push('nothing') })
      act('--a-c---c', {
        a: () => delivery(0).ack(),
        c: () => {
          if (tried.length === 0) queue.consumed()
          commit()
        },
      })
      m.flush()
      expect(tried).toEqual(['failed', 'nothing'])
    }),
  )
})
