import { describe, expect, it } from 'vitest'
import type { Settlement } from '../../src/consumer/queues/delivery.ts'
import { notConnected } from '../../src/errors.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { drawPops, popped } from './pop-drawn.ts'

const refused = notConnected('a:1')
const TWO = ['-(p|)', { p: popped([0, 1]) }] as const

describe('the invisible time of a delivery', () => {
  it(
    'over, lets go of it: its signal is aborted, its credit is back, and what is decided later counts for nothing',
    marbles(m => {
      const { run$, act, delivery, log, events, closesAt, left } = drawPops(m, { pops: [TWO], invisibleMs: 50 })
      let signal: AbortSignal | undefined
      m.expect(run$(), '^ 100ms !').toBeObservable('-p', { p: '0,1' })
      act('             --a 50ms b', {
        a: () => {
          signal = delivery(0).signal
          delivery(1).ack()
        },
        b: () => delivery(0).ack(),
      })
      closesAt(100)
      m.flush()
      expect(signal?.reason).toMatchObject({ code: 'ERR_RMQ_TIMEOUT', offset: '0' })
      expect(log.slice(2)).toEqual(['ack 1 at 2'])
      expect(events).toMatchObject([{ type: 'consumer-failure', where: 'stall', offset: '0' }])
      expect(left()).toEqual([0, 0])
    }),
  )

  it(
    'over, ends the repetition of what the broker does not take',
    marbles(m => {
      const settlements = Array.from({ length: 9 }, () => ['#', {}, refused] as const)
      const { run$, act, delivery, log, closesAt, left } = drawPops(m, { pops: [TWO], settlements, invisibleMs: 2_500 })
      m.expect(run$(), '^ 9s !').toBeObservable('-p', { p: '0,1' })
      act('             --a', {
        a: () => {
          delivery(0).ack()
          delivery(1).retryLater()
        },
      })
      closesAt(9000)
      m.flush()
      expect(log.slice(2)).toEqual([
        'hide 1 for 10000 at 2',
        'ack 0 at 2',
        'hide 1 for 10000 at 1002',
        'ack 0 at 1002',
        'hide 1 for 10000 at 2002',
        'ack 0 at 2002',
      ])
      expect(left()[0]).toBe(0)
    }),
  )

  it(
    'is renewed by an extension: from then on it counts anew, and the new handle alone is used',
    marbles(m => {
      const { run$, act, delivery, log, events, queue, closesAt } = drawPops(m, {
        pops: [TWO],
        invisibleMs: 5_000,
        settlements: [['---(x|)', { x: undefined }]],
      })
      m.expect(run$(), '^ 30s !').toBeObservable('-p', { p: '0,1' })
      act('             --a 4s b 6s c', {
        a: () => delivery(1).ack(),
        b: () => m.expect(queue.extend$(delivery(0), 10_000)).toBeObservable('4003ms (x|)', { x: undefined }),
        c: () => delivery(0).ack(),
      })
      closesAt(30000)
      m.flush()
      expect(log.slice(2)).toEqual(['ack 1 at 2', 'hide 0 for 10000 at 4003', "ack 0' at 10004"])
      expect(events).toEqual([])
    }),
  )

  it(
    'under renewal, keeps the acknowledgement waiting: it needs the handle that comes of it',
    marbles(m => {
      const renewed = { ...popped([0]).messages[0]!.handle, reviveQueueId: 1 }
      const { run$, act, delivery, log, queue, closesAt } = drawPops(m, {
        pops: [TWO],
        settlements: [['-----(h|)', { h: renewed }]],
      })
      m.expect(run$(), '^ 20ms !').toBeObservable('-p', { p: '0,1' })
      act('             --ab', {
        a: () => m.expect(queue.extend$(delivery(0), 10_000)).toBeObservable('-------(x|)', { x: undefined }),
        b: () => delivery(0).ack(),
      })
      closesAt(20)
      m.flush()
      expect(log.slice(2)).toEqual(['hide 0 for 10000 at 2', "ack 0' at 7"])
    }),
  )

  it(
    'cannot be renewed once it is over, or the delivery settled, nor beyond what brokers are asked for',
    marbles(m => {
      const { run$, act, delivery, queue, log, closesAt } = drawPops(m, { pops: [TWO] })
      const codes = (ms: number) => queue.extend$(delivery(0), ms).pipe(errorsAsValues())
      const ILLEGAL = { x: 'ERR_RMQ_ILLEGAL no' }
      m.expect(run$(), '^ 20ms !').toBeObservable('-p', { p: '0,1' })
      act('             --ab', {
        a: () => {
          m.expect(codes(4_999)).toBeObservable('--(x|)', ILLEGAL)
          m.expect(codes(300_001)).toBeObservable('--(x|)', ILLEGAL)
          delivery(0).ack()
          m.expect(codes(5_000)).toBeObservable('--(x|)', ILLEGAL)
        },
      })
      closesAt(20)
      m.flush()
      expect(log.slice(2)).toEqual(['ack 0 at 2'])
    }),
  )
})

describe('a delivery from a popped queue', () => {
  it.each<readonly [string, number, number | undefined, string, Settlement]>([
    ['the first time, after 10 s', 0, undefined, 'hide 0 for 10000', 'retry-scheduled'],
    ['the third time, after 60 s', 2, undefined, 'hide 0 for 60000', 'retry-scheduled'],
    ['when its handler says so, after as long as that level is', 2, 4, 'hide 0 for 180000', 'retry-scheduled'],
    ['after two hours at most', 0, 18, 'hide 0 for 7200000', 'retry-scheduled'],
    ['not any more after the last attempt: it is a dead letter', 16, undefined, 'bury 0', 'dead-lettered'],
  ])('that is to be retried comes again: %s', (_, reconsumeTimes, delayLevel, asked, settlement) =>
    marbles(m => {
      const { run$, act, delivery, log, closesAt } = drawPops(m, {
        pops: [['-(p|)', { p: popped([0], { reconsumeTimes }) }]],
      })
      m.expect(run$(), '^-----!').toBeObservable('-p', { p: '0' })
      act('             --a', {
        a: () => {
          delivery(0).retryLater(delayLevel === undefined ? {} : { delayLevel })
          expect(delivery(0).decision).toBe(settlement) // before the broker has done it, too
          m.expect(delivery(0).settled$).toBeObservable('--(s|)', { s: settlement })
        },
      })
      closesAt(6)
      m.flush()
      expect(log[2]).toBe(`${asked} at 2`)
    })(),
  )

  it(
    'that is a dead letter is copied there first, and acknowledged then',
    marbles(m => {
      const { run$, act, delivery, log, closesAt } = drawPops(m, { pops: [TWO], settlements: [['--(x|)']] })
      m.expect(run$(), '^---------!').toBeObservable('-p', { p: '0,1' })
      act('             --a', { a: () => delivery(0).deadLetter() })
      closesAt(9)
      m.flush()
      expect(log.slice(2)).toEqual(['bury 0 at 2', 'ack 0 at 4'])
    }),
  )

  it(
    'that is released comes again as soon as can be',
    marbles(m => {
      const { run$, act, delivery, log, closesAt, left } = drawPops(m, { pops: [TWO] })
      m.expect(run$(), '^---------!').toBeObservable('-p', { p: '0,1' })
      act('             --a', { a: () => delivery(0).release() })
      closesAt(9)
      m.flush()
      expect(log.slice(2)).toEqual(['hide 0 for 1000 at 2'])
      expect(left()[1]).toBe(1)
    }),
  )

  it(
    'is none when its tag only has the same hash: that is acknowledged at once; and none when it came too often',
    marbles(m => {
      const often = popped([3], { reconsumeTimes: 17 }).messages
      const page = { ...popped([0, 1, 2]), messages: [...popped([0, 1, 2]).messages, ...often] }
      const { run$, log, closesAt, left } = drawPops(m, {
        pops: [['-(p|)', { p: page }]],
        accepts: ({ queueOffset }) => queueOffset.toNumber() % 2 === 1,
      })
      m.expect(run$(), '^---------!').toBeObservable('-p', { p: '1' })
      closesAt(9)
      m.flush()
      expect(log.filter(line => !line.startsWith('pop'))).toEqual(['bury 3 at 1', 'ack 0,2,3 at 1'])
      expect(left()[1]).toBe(1)
    }),
  )
})
