import { EMPTY, NEVER, of, throwError } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Decision, TransactionCheck } from '../../src/index.ts'
import { marbles } from '../marbles.ts'
import { drawnTransactions } from './transaction-drawn.ts'

/** A producer whose group is known to the broker from 1 ms on. */
const ready = (...args: Parameters<typeof drawnTransactions>) => {
  const drawn = drawnTransactions(...args)
  drawn.at('r', () => drawn.producer.ready$().subscribe())
  return drawn
}

describe('a check-back', () => {
  it(
    'is asked of check, and answered to who asked about the copy that was asked about',
    marbles(m => {
      const asked: TransactionCheck[] = []
      const check = (one: TransactionCheck) => {
        asked.push(one)
        return m.cold<Decision>('--c', { c: 'commit' })
      }
      const { ask, at, told, producer, closeAfter } = ready(m, { check })
      const seen: unknown[] = []
      producer.checks$.subscribe(({ decision, check: { transactionId } }) => seen.push([transactionId, decision]))
      at('---a', () => ask({ id: 'other', at: 9, checkTimes: 3 }))
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(['commit other at 9 as asked, 5 ms'])
      expect(seen).toEqual([['other', 'commit']])
      expect(asked).toMatchObject([
        { transactionId: 'other', messageId: 'other', producerGroup: 'tx', brokerAddress: 'a:1', checkTimes: 3 },
      ])
      expect(asked[0]?.message).toMatchObject({ topic: 't', messageId: 'other', body: Buffer.from('m0') })
    }),
  )

  it.each<[string, () => Decision | ObservableInput<Decision>, Decision, string | undefined]>([
    ['a word', () => 'rollback', 'rollback', undefined],
    ['the first of several', () => of<Decision[]>('unknown', 'commit'), 'unknown', undefined],
    ['a failure', () => throwError(() => new Error('no database')), 'unknown', 'check of other at 4'],
    [
      'a throw',
      () => {
        throw new Error('no')
      },
      'unknown',
      'check of other at 4',
    ],
    ['nothing', () => EMPTY, 'unknown', 'check of other at 4'],
    ['something else', () => of(true as unknown as Decision), 'unknown', 'check of other at 4'],
    ['silence', () => NEVER, 'unknown', 'check of other at 9'],
  ])('is answered, when check gives %s', (_, check, decision, failure) =>
    marbles(m => {
      const { ask, at, told, failures, closeAfter } = ready(m, { check, checkTimeoutMs: 5 })
      at('----a', () => ask())
      closeAfter(20)
      m.flush()
      expect(told()).toEqual([`${decision} other at 9 as asked, ${failure?.endsWith('9') === true ? 9 : 4} ms`])
      expect(failures()).toEqual(failure === undefined ? [] : [failure])
    })(),
  )

  it(
    'of another group, or that cannot be read, is not answered, and breaks nothing',
    marbles(m => {
      const { ask, at, told, events, closeAfter } = ready(m, { check: () => 'commit' })
      at('--a', () => ask({ group: 'others' }))
      at('---a', () => ask({ body: Buffer.from('rubbish') }))
      at('----a', () => ask())
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(['commit other at 9 as asked, 4 ms'])
      expect(events.filter(({ type }) => type === 'inbound-refused')).toHaveLength(1)
    }),
  )

  it(
    'waits for its turn when enough are at work, and is dropped when too many wait: the broker asks again',
    marbles(m => {
      const asked: string[] = []
      const check = ({ transactionId }: TransactionCheck) => {
        asked.push(transactionId)
        return m.cold<Decision>('---c', { c: 'commit' })
      }
      const { ask, at, told, failures, closeAfter } = ready(m, { check, checkConcurrency: 2, maxWaitingChecks: 1 })
      at('--a', () => ['a', 'b', 'c', 'd'].forEach((id, n) => ask({ id, at: n })))
      closeAfter(20)
      m.flush()
      expect(asked).toEqual(['a', 'b', 'c'])
      const times = ['commit a at 0 as asked, 5 ms', 'commit b at 1 as asked, 5 ms', 'commit c at 2 as asked, 8 ms']
      expect(told()).toEqual(times)
      expect(failures()).toEqual(['check-dropped of d at 2'])
    }),
  )

  it(
    'that comes again while it is at work is answered once, about the latest copy',
    marbles(m => {
      let asked = 0
      const check = () => {
        asked++
        return m.cold<Decision>('------c', { c: 'commit' })
      }
      const { ask, at, told, closeAfter } = ready(m, { check })
      at('--a', () => ask({ at: 9 }))
      at('----a', () => ask({ at: 11, checkTimes: 2 }))
      closeAfter(20)
      m.flush()
      expect([asked, told()]).toEqual([1, ['commit other at 11 as asked, 8 ms']])
    }),
  )

  it(
    'that came too often is answered "unknown" without asking',
    marbles(m => {
      const asked: number[] = []
      const check = ({ checkTimes }: TransactionCheck) => {
        asked.push(checkTimes)
        return 'commit' as const
      }
      const { ask, at, told, failures, closeAfter } = ready(m, { check, maxCheckTimes: 2 })
      at('--a', () => ask({ checkTimes: 3 }))
      at('---a', () => ask({ checkTimes: 2 }))
      closeAfter(20)
      m.flush()
      expect(asked).toEqual([2])
      expect(told()).toEqual(['unknown other at 9 as asked, 2 ms', 'commit other at 9 as asked, 3 ms'])
      expect(failures()).toEqual(['checks-exhausted of other at 2'])
    }),
  )

  it(
    'is not answered any more once the producer is closed',
    marbles(m => {
      const { ask, at, told, producer, closeAfter } = ready(m, { check: () => 'commit' })
      at('--x', () => producer.close({ drainMs: 5 }))
      at('----a', () => ask())
      closeAfter(20)
      m.flush()
      expect(told()).toEqual([])
    }),
  )
})

describe('a check-back about a transaction whose local part runs here', () => {
  it(
    'is answered "unknown" without asking, and the end then names the copy that was asked about',
    marbles(m => {
      let asked = 0
      const check = () => {
        asked++
        return 'rollback' as const
      }
      const { ask, at, told, shown$, producer, closeAfter } = ready(m, { check, half: '-s' })
      m.expect(
        shown$(() => m.cold('--------|')),
        '-^',
      ).toBeObservable('----------(c|)', { c: 'commit' })
      at('-----a', () => ask({ id: 'id 1', at: 9 }))
      const open: unknown[] = []
      at('------x', () => open.push(...producer.openTransactions()))
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(['unknown id 1 at 9 as asked, 5 ms', 'commit id 1 at 9 as asked, 10 ms'])
      expect(open).toEqual([
        { transactionId: 'id 1', topic: 't', brokerName: 'a', startedAt: new Date(2), expired: false, checks: 1 },
      ])
      expect([asked, producer.openTransactions()]).toEqual([0, []])
    }),
  )

  it.each<[string, Decision, readonly string[]]>([
    ['and what it says is not said again', 'commit', ['commit id 1 at 9 as asked, 8 ms']],
    [
      'and the local part has the last word',
      'rollback',
      ['rollback id 1 at 9 as asked, 8 ms', 'commit id 1 at 9 as asked, 10 ms'],
    ],
  ])('is asked of check once it took longer than transactionTimeoutMs, %s', (_, decision, ends) =>
    marbles(m => {
      const { ask, at, told, shown$, failures, closeAfter } = ready(m, {
        check: () => decision,
        half: '-s',
        transactionTimeoutMs: 4,
      })
      m.expect(
        shown$(() => m.cold('--------|')),
        '-^',
      ).toBeObservable('----------(c|)', { c: 'commit' })
      at('--------a', () => ask({ id: 'id 1', at: 9 }))
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(ends)
      expect(failures()).toEqual(['expired of id 1 at 6'])
    })(),
  )
})
