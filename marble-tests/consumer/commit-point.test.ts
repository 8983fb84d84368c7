import type Long from 'long'
import { defer, map, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { marbles } from '../marbles.ts'
import { drawQueue, P, PAGES } from './held-queue-drawn.ts'

const refused = notConnected('a:1')

describe('the commit point of a queue', () => {
  it(
    'is the lowest offset that is not settled, in whatever order messages are',
    marbles(m => {
      const { queue, run$, act, delivery, commitPoint } = drawQueue(m, { pulls: [['-(p|)', P]] })
      m.expect(queue.settlements$.pipe(map(() => commitPoint()))).toBeObservable('---0-0-3-4', {
        0: '0',
        3: '3',
        4: '4',
      })
      m.expect(run$()).toBeObservable('-p', PAGES)
      act('                            ---c-b-a-d', {
        a: () => delivery(0).ack(),
        b: () => delivery(1).ack(),
        c: () => delivery(2).ack(),
        d: () => delivery(3).ack(),
      })
    }),
  )

  it(
    'goes over what the consumer does not subscribe to: a filtered message needs no settling',
    marbles(m => {
      const accepts = ({ queueOffset }: { queueOffset: Long }) => queueOffset.toNumber() % 2 === 1
      const { run$, act, delivery, commitPoint, queue } = drawQueue(m, { pulls: [['-(p|)', P]], accepts })
      m.expect(queue.settlements$.pipe(map(() => commitPoint()))).toBeObservable('---3-4', { 3: '3', 4: '4' })
      m.expect(run$()).toBeObservable('-x', { x: '1,3' })
      act('                            ---a-b', { a: () => delivery(1).ack(), b: () => delivery(3).ack() })
    }),
  )

  it(
    'is held by a released message, which comes again, but not by one settled twice',
    marbles(m => {
      const { run$, act, delivery, commitPoint, queue, budget } = drawQueue(m, { pulls: [['-(p|)', P]] })
      m.expect(queue.settlements$.pipe(map(() => commitPoint()))).toBeObservable('---1-1-1', { 1: '1' })
      m.expect(run$()).toBeObservable('-p', PAGES)
      act('                            ---a-b-c', {
        a: () => {
          delivery(0).ack()
          delivery(0).ack()
        },
        b: () => {
          delivery(1).release()
          delivery(1).ack()
        },
        c: () => delivery(2).ack(),
      })
      m.flush()
      expect([budget.room() > 0, queue.progress()?.unsettled]).toEqual([true, 2])
    }),
  )

  it(
    'waits for the broker to take back a message that is to come again later',
    marbles(m => {
      const sendBack$ = () => m.cold('----(s|)', { s: undefined })
      const { run$, act, delivery, commitPoint, queue } = drawQueue(m, { pulls: [['-(p|)', P]], sendBack$ })
      m.expect(queue.settlements$.pipe(map(() => commitPoint()))).toBeObservable('-----0-2', { 0: '0', 2: '2' })
      m.expect(run$()).toBeObservable('-p', PAGES)
      act('                            ---a-b', { a: () => delivery(0).retryLater(), b: () => delivery(1).ack() })
    }),
  )

  it(
    'is told to the broker when it changed, and told again when that failed',
    marbles(m => {
      let commits = 0
      const commit$ = (_: unknown, offset: Long) =>
        defer(() => (++commits === 1 ? throwError(() => refused) : of(offset).pipe(map(() => undefined))))
      const { queue, run$, act, delivery, events } = drawQueue(m, { pulls: [['-(p|)', P]], commit$ })
      const told: string[] = []
      const commit = () =>
        queue.commit$().subscribe({ complete: () => told.push('told'), error: () => told.push('failed') })
      m.expect(run$()).toBeObservable('-p', PAGES)
      act('                            --a-x-y-z', { a: () => delivery(0).ack(), x: commit, y: commit, z: commit })
      m.flush()
      expect([told, commits, queue.progress()?.committed?.toString()]).toEqual([['failed', 'told', 'told'], 2, '1'])
      expect(events).toMatchObject([
        { type: 'start-position' },
        { type: 'consumer-failure', where: 'commit', error: refused },
      ])
    }),
  )
})
