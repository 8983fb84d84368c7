import { asyncScheduler, type SchedulerLike } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected, RocketError } from '../../src/errors.ts'
import { marbles } from '../marbles.ts'
import { drawPops, popped } from './pop-drawn.ts'

const refused = notConnected('a:1')
const TWO = ['-(p|)', { p: popped([0, 1]) }] as const
const FOUR = ['-(p|)', { p: popped([0, 1, 2, 3]) }] as const

describe('a popped queue', () => {
  it(
    'pops while there is room, waits at the broker when there was nothing, and goes on when credits come back',
    marbles(m => {
      const { run$, act, delivery, log, closesAt, left } = drawPops(m, {
        pops: [['-(e|)', { e: popped([]) }], FOUR, ['-(q|)', { q: popped([4, 5, 6, 7]) }]],
      })
      m.expect(run$(), '^----------!').toBeObservable('--pq', { p: '0,1,2,3', q: '4,5,6,7' })
      act('             -----ab', { a: () => delivery(0).ack(), b: () => delivery(5).ack() })
      closesAt(10)
      m.flush()
      expect(log).toEqual(['pop 4 at 0', 'pop 4 held at 1', 'pop 4 at 2', 'ack 0 at 5', 'ack 5 at 6', 'pop 2 at 6'])
      expect(left()[1]).toBe(6)
    }),
  )

  it.each<readonly [string, unknown, number]>([
    ['a failure, a second later', refused, 1_000],
    ['a broker that limits its pops, soon', new RocketError('ERR_RMQ_BUSY', 'too many', { responseCode: 215 }), 20],
  ])('tries again after %s', (_, error, waitMs) =>
    marbles(m => {
      const { run$, log, events, closesAt } = drawPops(m, { pops: [['#', {}, error], TWO] })
      m.expect(run$(), `^ ${waitMs + 5}ms !`).toBeObservable(`${waitMs + 1}ms p`, { p: '0,1' })
      closesAt(waitMs + 9)
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pop 4 at 0', `pop 4 at ${waitMs}`])
      expect(events).toMatchObject([{ type: 'consumer-failure', where: 'pull', group: 'g', error }])
    })(),
  )

  it(
    'comes back a second later to a broker that holds as many pops as it can, and calls it no failure',
    marbles(m => {
      const full = { ...popped([]), status: 'POLLING_FULL' as const }
      const { run$, log, events, closesAt } = drawPops(m, { pops: [['(f|)', { f: full }], TWO] })
      m.expect(run$(), '^ 1005ms !').toBeObservable('1001ms p', { p: '0,1' })
      closesAt(1005)
      m.flush()
      expect(log.slice(0, 2)).toEqual(['pop 4 at 0', 'pop 4 held at 1000'])
      expect(events).toEqual([])
    }),
  )

  it(
    'acknowledges in one request what is acknowledged in one turn',
    marbles(m => {
      const { run$, act, delivery, log, queue, closesAt, left } = drawPops(m, {
        pops: [FOUR],
        settlements: [['--(x|)']],
      })
      m.expect(run$(), '^---------!').toBeObservable('-p', { p: '0,1,2,3' })
      act('             --a', { a: () => [0, 2, 3].forEach(offset => delivery(offset).ack()) })
      m.expect(queue.settlements$, '^-------!').toBeObservable('----(xxx)', { x: undefined })
      closesAt(9)
      m.flush()
      expect(log.slice(2)).toEqual(['ack 0,2,3 at 2'])
      expect(left()).toEqual([1, 1])
    }),
  )

  it(
    'acknowledges one by one at a broker that says it does not know better, and asks it once only',
    marbles(m => {
      const unknown = new RocketError('ERR_RMQ_BROKER', 'not supported', { responseCode: 3 })
      const { run$, act, delivery, log, events, closesAt } = drawPops(m, {
        pops: [FOUR],
        settlements: [['-#', {}, unknown]],
      })
      const pairs = { a: [0, 1], b: [2, 3] } as const
      m.expect(run$(), '^--------!').toBeObservable('-p', { p: '0,1,2,3' })
      act('             --a--b', {
        a: () => pairs.a.forEach(offset => delivery(offset).ack()),
        b: () => pairs.b.forEach(offset => delivery(offset).ack()),
      })
      closesAt(8)
      m.flush()
      expect(log.filter(line => line.startsWith('ack'))).toEqual([
        'ack 0,1 at 2',
        'ack 0 at 3',
        'ack 1 at 3',
        'ack 2 at 5',
        'ack 3 at 5',
      ])
      expect(events).toEqual([])
    }),
  )

  it(
    'tells of an acknowledgement that fails, and repeats it every second',
    marbles(m => {
      const { run$, act, delivery, log, events, closesAt } = drawPops(m, {
        pops: [TWO],
        settlements: [['-#', {}, refused]],
      })
      m.expect(run$(), '^ 1010ms !').toBeObservable('-p', { p: '0,1' })
      act('             --a', {
        a: () => {
          delivery(1).ack()
          m.expect(delivery(1).settled$).toBeObservable('1003ms (a|)', { a: 'acked' })
        },
      })
      closesAt(1010)
      m.flush()
      expect(log.slice(2)).toEqual(['ack 1 at 2', 'ack 1 at 1003'])
      expect(events).toMatchObject([{ where: 'ack', offset: '1', error: refused }])
    }),
  )
})

describe('the end of a popped queue', () => {
  it(
    'is when what is in hand is settled, and nothing is popped any more',
    marbles(m => {
      const { run$, act, delivery, log } = drawPops(m, { pops: [TWO] })
      m.expect(run$(m.hot('---r'))).toBeObservable('-p------|', { p: '0,1' })
      act('                 -----a--b', { a: () => delivery(0).ack(), b: () => delivery(1).ack() })
      m.flush()
      expect(log.filter(line => line.startsWith('pop'))).toEqual(['pop 4 at 0', 'pop 4 at 1'])
    }),
  )

  it(
    'does not wait longer than it may, and leaves nothing behind: no credit, no timer, no request',
    marbles(m => {
      const { run$, act, delivery, log, queue, taken } = drawPops(m, { pops: [TWO] })
      m.expect(run$(m.hot('---r'))).toBeObservable('-p 21ms |', { p: '0,1' })
      act('                 25ms cd', { c: () => queue.close(), d: () => delivery(0).ack() })
      m.flush()
      expect(log).toEqual(['pop 4 at 0', 'pop 4 at 1'])
      expect([queue.settling(), taken()]).toEqual([0, 0])
      expect(asyncScheduler.now()).toBeLessThan(60_000)
    }),
  )

  it(
    'puts back a page that came too late to be handed out',
    marbles(m => {
      const late = {
        now: () => asyncScheduler.now(),
        schedule: (work: () => void) => asyncScheduler.schedule(work, 3),
      } as SchedulerLike
      const { run$, log } = drawPops(m, { pops: [TWO], asap: late })
      m.expect(run$(m.hot('-----r'))).toBeObservable('-----|')
      m.flush()
      expect(log).toEqual(['pop 4 at 3', 'pop 4 at 4', 'hide 0 for 1000 at 5', 'hide 1 for 1000 at 5'])
    }),
  )

  it(
    'may be a pause only: nothing is popped until it goes on',
    marbles(m => {
      const { run$, act, log, queue, closesAt } = drawPops(m, { pops: [TWO] })
      queue.pause()
      m.expect(run$(), '^---------!').toBeObservable('------p', { p: '0,1' })
      act('             -----r', { r: () => queue.resume() })
      closesAt(10)
      m.flush()
      expect(log[0]).toBe('pop 4 at 5')
    }),
  )
})
