import { delay, filter, map, mergeMap, of, tap, throwError } from 'rxjs'
import type { OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { acking, type Delivery } from '../../src/index.ts'
import { errorsAsValues, type Marbles, marbles } from '../marbles.ts'
import { drawConsumer } from './consumer-drawn.ts'

const numberOf = ({ message }: Delivery): number => message.queueOffset.toNumber()
const isOdd = (delivery: Delivery): boolean => numberOf(delivery) % 2 === 1

/** Three messages through this pipe; what comes out of it is acknowledged when `settled` says so. */
const drawAcked = (m: Marbles, pipe: OperatorFunction<Delivery, Delivery>, settled: (one: Delivery) => boolean) => {
  const { consumer, commits } = drawConsumer(m, ['-p'])
  const until = m.cold('------s')
  const out$ = consumer.messages$({ until }).pipe(
    acking(pipe),
    tap(delivery => {
      if (settled(delivery)) delivery.ack()
    }),
    map(delivery => String(numberOf(delivery))),
    errorsAsValues(),
  )
  return { out$, commits }
}

describe('what a pipe drops of the messages', () => {
  it(
    'is acknowledged; what it lets through is settled by whoever gets it',
    marbles(m => {
      const { out$, commits } = drawAcked(m, filter(isOdd), () => true)
      m.expect(out$).toBeObservable('-1----|')
      m.flush()
      expect(commits()).toEqual(['3 at 6'])
    }),
  )

  it(
    'is acknowledged at once, and what it lets through is not',
    marbles(m => {
      const { out$, commits } = drawAcked(m, filter(isOdd), () => false)
      m.expect(out$, '^------------------------------!').toBeObservable('-1 24ms |')
      m.flush()
      expect(commits()).toEqual(['1 at 26'])
    }),
  )

  it(
    'may be decided later',
    marbles(m => {
      const late = mergeMap((one: Delivery) => of(one).pipe(delay(3), filter(isOdd)))
      const { out$, commits } = drawAcked(m, late, () => true)
      m.expect(out$).toBeObservable('----1-|')
      m.flush()
      expect(commits()).toEqual(['3 at 6'])
    }),
  )

  it(
    'is nothing where it fails',
    marbles(m => {
      const { out$, commits } = drawAcked(
        m,
        mergeMap(() => throwError(() => new Error('no'))),
        () => true,
      )
      m.expect(out$).toBeObservable('-(E|)', { E: 'no' })
      m.flush()
      expect(commits()).toEqual(['0 at 1'])
    }),
  )
})
