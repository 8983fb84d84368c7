import Long from 'long'
import { asyncScheduler, defer, map, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createQueueCommits } from '../../src/consumer/queues/queue-commits.ts'
import { notConnected } from '../../src/errors.ts'
import { marbles } from '../marbles.ts'

/** Commits that a broker takes 4 ms for, and what reached it when. */
const drawCommits = ({ failing = false } = {}) => {
  const log: string[] = []
  const note = (what: string) => log.push(`${what} at ${asyncScheduler.now()}`)
  const { catchUp$ } = createQueueCommits({
    tell$: offset =>
      defer(() => {
        note(`${offset.toString()} begins`)
        const kept$ = timer(4).pipe(
          tap(() => note(`${offset.toString()} is kept`)),
          map(() => undefined),
        )
        return failing ? timer(4).pipe(map(() => fail())) : kept$
      }),
    onFailure: () => note('failed'),
  })
  const commit$ = (offset: number) => catchUp$(() => Long.fromNumber(offset)).pipe(map(() => 'k'))
  return { commit$, log }
}
const refused = notConnected('a:1')
const fail = (): never => {
  throw refused
}

describe('the commits of a queue', () => {
  it(
    'reach the broker one after the other, as they were asked for',
    marbles(m => {
      const { commit$, log } = drawCommits()
      m.expect(commit$(1)).toBeObservable('         ----(k|)')
      m.expect(commit$(2), '-^').toBeObservable('   --------(k|)')
      m.flush()
      expect(log).toEqual(['1 begins at 0', '1 is kept at 4', '2 begins at 4', '2 is kept at 8'])
    }),
  )

  it(
    'are skipped when nobody waits for them any more: the next one waits for what is under way all the same',
    marbles(m => {
      const { commit$, log } = drawCommits()
      m.expect(commit$(1)).toBeObservable('         ----(k|)')
      m.expect(commit$(2), '-^!').toBeObservable('')
      m.expect(commit$(3), '---^').toBeObservable(' --------(k|)')
      m.flush()
      expect(log).toEqual(['1 begins at 0', '1 is kept at 4', '3 begins at 4', '3 is kept at 8'])
    }),
  )

  it(
    'keep their turn while the broker has them, also when nobody waits for them any more',
    marbles(m => {
      const { commit$, log } = drawCommits()
      m.expect(commit$(1), '^-!').toBeObservable('')
      m.expect(commit$(2), '---^').toBeObservable(' --------(k|)')
      m.expect(commit$(2), '----------^').toBeObservable('----------|')
      m.flush()
      expect(log).toEqual(['1 begins at 0', '1 is kept at 4', '2 begins at 4', '2 is kept at 8'])
    }),
  )

  it(
    'that fail are told, let the next one have its turn, and are an error only for who still waits',
    marbles(m => {
      const { commit$, log } = drawCommits({ failing: true })
      m.expect(commit$(1), '^-!').toBeObservable('')
      m.expect(commit$(2), '-^').toBeObservable('   --------#', undefined, refused)
      m.flush()
      expect(log).toEqual(['1 begins at 0', 'failed at 4', '2 begins at 4', 'failed at 8'])
    }),
  )
})
