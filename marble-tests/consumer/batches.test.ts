import { asyncScheduler, map, NEVER, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { BatchHandler, Delivery, ProcessBatchOptions } from '../../src/index.ts'
import { marbles, type Marbles } from '../marbles.ts'
import { drawConsumer, fail, PULL } from './consumer-drawn.ts'

const offsetOf = ({ message }: Delivery) => message.queueOffset.toString()

/** A consumer that handles batches, which it writes down with their times; and what became of each message. */
const drawBatches = (
  m: Marbles,
  pulls: readonly string[],
  handler: BatchHandler,
  options: ProcessBatchOptions = {},
) => {
  const drawn = drawConsumer(m, pulls)
  const batches: string[] = []
  const handlerSeen: BatchHandler = deliveries => {
    batches.push(`${deliveries.map(offsetOf).join('')} at ${asyncScheduler.now()}`)
    return handler(deliveries)
  }
  const LETTERS = { acked: '', released: 'r', 'retry-scheduled': 'l', 'dead-lettered': 'd', dropped: 'x' }
  const out$ = drawn.consumer
    .processBatch$(handlerSeen, options)
    .pipe(map(({ delivery, settlement }) => LETTERS[settlement] + offsetOf(delivery)))
  return { ...drawn, batches, out$ }
}
const SHOWN = Object.fromEntries(
  ['', 'r', 'l'].flatMap((kind, k) =>
    [0, 1, 2, 3, 4, 5].map(n => ['012345,abcdef,ghijkl'.split(',')[k]![n]!, `${kind}${n}`]),
  ),
)

describe('batches', () => {
  it(
    'hold what is there, and no more than their count',
    marbles(m => {
      const { out$, batches } = drawBatches(m, ['-p'], () => timer(3), { maxCount: 2 })
      m.expect(out$, '^---------!').toBeObservable('----(012)', SHOWN)
      m.flush()
      expect(batches).toEqual(['01 at 1', '2 at 1'])
    }),
  )

  it(
    'hold no more than their bytes, and a message that is larger goes alone',
    marbles(m => {
      const { out$, batches } = drawBatches(m, ['-p'], () => undefined, { maxBytes: 1 })
      m.expect(out$, '^----!').toBeObservable('-(012)', SHOWN)
      m.flush()
      expect(batches).toEqual(['0 at 1', '1 at 1', '2 at 1'])
    }),
  )

  it(
    'wait for company as long as they are told, then go as they are',
    marbles(m => {
      const { out$, batches } = drawBatches(m, ['-p', '--p'], () => undefined, { maxCount: 5, lingerMs: 10 })
      m.expect(out$, '^ 20ms !').toBeObservable('---(01234)---5', SHOWN)
      m.flush()
      expect(batches).toEqual(['01234 at 3', '5 at 13'])
    }),
  )

  it(
    'that wait for company when the consumer stops are put back, and those at work finish',
    marbles(m => {
      const until = m.hot('---s')
      const { out$, batches, commits } = drawBatches(m, ['-p'], () => timer(4), { maxCount: 2, lingerMs: 100, until })
      m.expect(out$).toBeObservable('---c-(01|)', SHOWN)
      m.flush()
      expect([batches, commits()]).toEqual([['01 at 1'], ['2 at 5']])
    }),
  )

  it(
    'of which the handler settled some go on in part: the rest is what failed',
    marbles(m => {
      const handler: BatchHandler = deliveries => {
        deliveries[0]?.ack()
        deliveries[2]?.ack()
        fail()
      }
      const { out$ } = drawBatches(m, ['-p'], handler)
      m.expect(out$, '^----!').toBeObservable('-(0h2)', SHOWN)
    }),
  )

  it(
    'that are cut off release what is not settled, and keep what is',
    marbles(m => {
      const handler: BatchHandler = deliveries => {
        deliveries[0]?.ack()
        return NEVER
      }
      const { out$, commits, told } = drawBatches(m, ['-p'], handler)
      m.expect(out$, '^---!').toBeObservable('')
      m.flush()
      expect([commits(), told(PULL, 'queueOffset')]).toEqual([['1 at 4'], ['0 at 0', '3 at 1']])
    }),
  )
})
