import { asyncScheduler, distinctUntilChanged, ignoreElements, map, NEVER, of, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Delivery, ProcessOptions } from '../../src/index.ts'
import { encodeConsumerIds } from '../../src/protocol/bodies/bodies.ts'
import { onewayFrame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { answers } from '../../test/support/fake-cluster.ts'
import { marbles, type Marbles } from '../marbles.ts'
import { drawConsumer, PULL } from './consumer-drawn.ts'

const MEMBERS = REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code
const NOTICE = onewayFrame(REQUESTS.NOTIFY_CONSUMER_IDS_CHANGED.code, { fields: { consumerGroup: 'g' } })

/** A consumer whose only queue goes to another member at `r`, and comes back at `b`. What its handlers did, and when. */
const drawMoves = (
  m: Marbles,
  moves: string,
  handlerMs: (delivery: Delivery) => number,
  options: ProcessOptions = {},
) => {
  let members = ['me']
  const drawn = drawConsumer(m, ['-p', '', '-p'], {
    [MEMBERS]: () => of(answers(0, {}, encodeConsumerIds(members))),
  })
  const { consumer, transport } = drawn
  const log: string[] = []
  const note = (what: string, { message }: Delivery): void =>
    void log.push(`${what} ${message.queueOffset.toString()} at ${asyncScheduler.now()}`)
  const moving$ = m.cold<string>(moves).pipe(
    tap(letter => {
      members = letter === 'r' ? ['a first one', 'me'] : ['me']
      transport.say('a:1', NOTICE)
    }),
  )
  m.expect(moving$).toBeObservable(moves)
  const out$ = consumer
    .process$(delivery => {
      note('begins', delivery)
      delivery.signal.addEventListener('abort', () => note('aborts', delivery))
      const ms = handlerMs(delivery)
      return ms === Infinity ? NEVER : m.cold(`${ms}ms |`)
    }, options)
    .pipe(
      tap(({ delivery, settlement }) => note(settlement, delivery)),
      ignoreElements(),
    )
  const held$ = consumer.assignments$.pipe(
    map(({ current, reason }) => ({ reason, count: current.filter(queue => queue.topic === 't').length })),
    distinctUntilChanged((one, other) => one.count === other.count), // a retry topic is given up at once
    map(({ count, reason }) => `${count} ${reason}`),
  )
  return { ...drawn, out$, held$, log }
}
/** What the consumer says that it holds: nothing yet, a queue of its own, gone and come back by a rebalance, the end. */
const HELD = { n: '0 none', j: '1 joined', g: '0 rebalance', b: '1 rebalance', l: '0 left' }

describe('a queue that goes to another member', () => {
  it(
    'is finished by those who work on it; what waits for a handler is left to the next owner',
    marbles(m => {
      const { out$, held$, log, told, commits } = drawMoves(m, '--r', () => 4, { concurrency: 2 })
      m.expect(held$, '-^---------!').toBeObservable('-j---g', HELD)
      m.expect(out$, '^----------!').toBeObservable('')
      m.flush()
      expect(log).toEqual(['begins 0 at 1', 'begins 1 at 1', 'acked 0 at 5', 'acked 1 at 5'])
      expect([told(PULL, 'queueOffset'), commits()]).toEqual([['0 at 0', '3 at 1'], ['2 at 5']])
    }),
  )

  it(
    'is waited for no longer than drainMs: then its handlers are stopped, and hear why',
    marbles(m => {
      const handlerMs = ({ message }: Delivery) => (message.queueOffset.isZero() ? 3 : Infinity)
      const { out$, held$, log, commits } = drawMoves(m, '--r', handlerMs)
      m.expect(held$, '-^ 30ms !').toBeObservable('-j 20ms g', HELD)
      m.expect(out$, '^ 30ms !').toBeObservable('')
      m.flush()
      expect(log).toEqual([
        ...['begins 0 at 1', 'begins 1 at 1', 'begins 2 at 1', 'acked 0 at 4'],
        ...['aborts 1 at 22', 'released 1 at 22', 'aborts 2 at 22', 'released 2 at 22'],
      ])
      expect(commits()).toEqual(['1 at 22'])
    }),
  )

  it(
    'is committed also when this member stops while it still finishes',
    marbles(m => {
      const { out$, held$, log, commits } = drawMoves(m, '--r', () => 4, { concurrency: 2, until: m.cold('---u') })
      m.expect(held$, '-^---------!').toBeObservable('-j---l', HELD)
      m.expect(out$, '^----------!').toBeObservable('-----|')
      m.flush()
      expect(log).toEqual(['begins 0 at 1', 'begins 1 at 1', 'acked 0 at 5', 'acked 1 at 5'])
      expect(commits()).toEqual(['2 at 5'])
    }),
  )

  it(
    'and comes back while it winds up is begun anew when that has ended',
    marbles(m => {
      const { out$, held$, log, told } = drawMoves(m, '--r--b', () => 6, { concurrency: 2 })
      m.expect(held$, '-^-------------!').toBeObservable('-j-----(gb)', HELD)
      m.expect(out$, '^--------------!').toBeObservable('')
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '0 at 7', '3 at 8'])
      expect(log.filter(line => line.startsWith('begins'))).toEqual([
        ...['begins 0 at 1', 'begins 1 at 1'],
        ...['begins 0 at 8', 'begins 1 at 8', 'begins 2 at 14'],
      ])
    }),
  )
})
