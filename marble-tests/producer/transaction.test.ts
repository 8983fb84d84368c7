import { EMPTY, NEVER, of, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { marbles } from '../marbles.ts'
import { drawnTransactions } from './transaction-drawn.ts'

const boom = new Error('boom')

describe('a transaction', () => {
  it(
    'sends its half message, then runs the local part, then tells the broker, each after the other',
    marbles(m => {
      const { shown$, told, closeAfter } = drawnTransactions(m, { half: '--s' })
      const local$ = m.cold('                           ---a-b|')
      m.expect(
        shown$(() => local$),
        '-^',
      ).toBeObservable('---------(c|)', { c: 'commit of b' })
      m.expect(local$).toHaveSubscriptions('---^-----!')
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(['commit id 1 at 5, 9 ms'])
    }),
  )

  it.each([
    [
      'by its last value, if it is asked',
      '-a-b|',
      (v: unknown) => (v === 'b' ? 'rollback' : 'commit'),
      'rollback of b',
    ],
    [
      'by nothing, where there was no value',
      '---- |',
      (v: unknown) => (v === undefined ? 'unknown' : 'commit'),
      'unknown',
    ],
    ['for commit, where nobody is asked', '-a---|', undefined, 'commit of a'],
    ['for unknown, where the local part fails', '-a--#', undefined, 'unknown by boom'],
    [
      'for unknown, where the decision fails',
      '-a--|',
      () => {
        throw boom
      },
      'unknown by boom',
    ],
  ] as const)('decides %s', (_, diagram, decide, outcome) =>
    marbles(m => {
      const { shown$, told, closeAfter } = drawnTransactions(m, { half: 's' })
      const local$ = m.cold(diagram, undefined, boom)
      const ms = diagram.replaceAll(' ', '').length - 1
      m.expect(shown$(() => local$, decide)).toBeObservable(`${ms}ms (o|)`, { o: outcome })
      closeAfter(20)
      m.flush()
      expect(told()).toEqual([`${outcome.split(' ')[0]} id 1 at 5, ${ms} ms`])
    })(),
  )

  it.each([
    ['a word', 'rollback', 'rollback by boom'],
    ['a function of the error', (error: unknown) => (error === boom ? 'commit' : 'unknown'), 'commit by boom'],
    [
      'unknown, where that function fails',
      () => {
        throw new Error('worse')
      },
      'unknown by boom',
    ],
  ] as const)('decides about a local error by %s', (_, onLocalError, outcome) =>
    marbles(m => {
      const { shown$, closeAfter } = drawnTransactions(m, { half: 's', onLocalError })
      const out$ = shown$(() => throwError(() => boom))
      m.expect(out$).toBeObservable('(o|)', { o: outcome })
      closeAfter(9)
      m.flush()
    })(),
  )

  it(
    'whose local part throws, or says nothing, is treated as one whose stream fails, or is empty',
    marbles(m => {
      const { shown$, closeAfter } = drawnTransactions(m, { half: 's' })
      const throws$ = shown$(() => {
        throw boom
      })
      m.expect(throws$).toBeObservable('(o|)', { o: 'unknown by boom' })
      m.expect(shown$(() => undefined)).toBeObservable('(o|)', { o: 'commit' })
      m.expect(shown$(() => EMPTY)).toBeObservable('(o|)', { o: 'commit' })
      closeAfter(9)
      m.flush()
    }),
  )

  it(
    'is rolled back without its local part when the half message is not stored as it should be',
    marbles(m => {
      const { shown$, told, closeAfter } = drawnTransactions(m, { half: '--r' })
      let ran = false
      const local = () => of((ran = true))
      m.expect(shown$(local)).toBeObservable('--(o|)', { o: 'rollback' })
      closeAfter(9)
      m.flush()
      expect([ran, told()]).toEqual([false, ['rollback id 1 at 5, 2 ms']])
    }),
  )

  it(
    'whose half message fails errors, and says whether it may be stored; nothing else is done',
    marbles(m => {
      const refused = drawnTransactions(m, { half: '--f', retries: 0 })
      const silent = drawnTransactions(m, { half: '---', timeoutMs: 5 })
      m.expect(refused.shown$(() => NEVER)).toBeObservable('--(o|)', { o: 'ERR_RMQ_AUTH no' })
      m.expect(silent.shown$(() => NEVER)).toBeObservable('-----(o|)', { o: 'ERR_RMQ_TIMEOUT maybe' })
      refused.closeAfter(9)
      silent.closeAfter(9)
      m.flush()
      expect([...refused.told(), ...silent.told()]).toEqual([])
    }),
  )

  it(
    'that is unsubscribed while its local part runs stops that, and tells the broker nothing: the check-back decides',
    marbles(m => {
      const { shown$, told, producer, closeAfter, at } = drawnTransactions(m, { half: '--s' })
      const local$ = m.cold('                     ----a---|')
      m.expect(
        shown$(() => local$),
        '^----!',
      ).toBeObservable('------')
      m.expect(local$).toHaveSubscriptions('--^--!')
      const stats: unknown[] = []
      at('------x', () => producer.transactionStats$.subscribe(now => stats.push(now)))
      closeAfter(20)
      m.flush()
      expect(told()).toEqual([])
      expect(stats).toMatchObject([{ total: 1, committed: 0, rolledBack: 0, unknown: 1, open: 0 }])
    }),
  )

  it(
    'that is unsubscribed while its half message waits for the broker never runs its local part',
    marbles(m => {
      const { shown$, told, events, closeAfter } = drawnTransactions(m, { half: '---s' })
      let ran = false
      const local = () => of((ran = true))
      m.expect(shown$(local), '^-!').toBeObservable('------')
      closeAfter(20)
      m.flush()
      expect([ran, told()]).toEqual([false, []])
      expect(events.filter(({ type }) => type === 'send-abandoned')).toHaveLength(1)
    }),
  )

  it(
    'that is aborted ends with the reason and tells the broker nothing',
    marbles(m => {
      const { shown$, told, closeAfter, at } = drawnTransactions(m, { half: '--s' })
      const abort = new AbortController()
      const out$ = shown$(() => NEVER, undefined, { signal: abort.signal })
      m.expect(out$).toBeObservable('-----(o|)', { o: 'no more' })
      at('-----a', () => abort.abort(new Error('no more')))
      closeAfter(20)
      m.flush()
      expect(told()).toEqual([])
    }),
  )

  it(
    'is one too many when as many are open as may be, before anything is sent',
    marbles(m => {
      const { shown$, transport, closeAfter } = drawnTransactions(m, { half: '-s', maxOpenTransactions: 1 })
      m.expect(
        shown$(() => m.cold('--|')),
        '^',
      ).toBeObservable('---(c|)', { c: 'commit' })
      m.expect(
        shown$(() => m.cold('--|')),
        '-^',
      ).toBeObservable('-(o|)', { o: 'ERR_RMQ_OVERFLOW no' })
      m.expect(
        shown$(() => m.cold('--|')),
        '---^',
      ).toBeObservable('------(c|)', { c: 'commit' })
      closeAfter(20)
      m.flush()
      expect(transport.sent(310)).toHaveLength(2)
    }),
  )
})

describe('closing', () => {
  it(
    'waits for local parts that run, and refuses new ones',
    marbles(m => {
      const { producer, shown$, told, closeAfter, at } = drawnTransactions(m, { half: 's' })
      m.expect(shown$(() => m.cold('----|'))).toBeObservable('----(c|)', { c: 'commit' })
      at('-x', () => producer.close({ drainMs: 100 }))
      m.expect(
        shown$(() => EMPTY),
        '--^',
      ).toBeObservable('--(o|)', { o: 'ERR_RMQ_CLOSED no' })
      closeAfter(20)
      m.flush()
      expect(told()).toEqual(['commit id 1 at 5, 4 ms'])
    }),
  )

  it(
    'of the client, too, tells the broker before the connections go, within its time',
    marbles(m => {
      const { client, shown$, told, at } = drawnTransactions(m, { half: 's' })
      m.expect(shown$(() => m.cold('----|'))).toBeObservable('----(c|)', { c: 'commit' })
      const late$ = shown$(() => m.cold('--------------|'))
      m.expect(late$).toBeObservable('--------------(c|)', { c: 'commit!' })
      at('-x', () => client.close({ drainMs: 8 }))
      const ended: unknown[] = []
      client.closed$.subscribe(report => ended.push(report))
      m.flush()
      expect(told()).toEqual(['commit id 1 at 5, 4 ms'])
      expect(ended).toMatchObject([{ forced: true, unsettled: 1 }])
    }),
  )

  it(
    'makes the group free for another producer, and so does a bad option',
    marbles(m => {
      const other: unknown[] = []
      const { client, producer, closeAfter, at } = drawnTransactions(m)
      const again = (group = 'tx', retries = 0) =>
        client.transactionalProducer({ group, retries, check: () => 'unknown' })
      expect(() => again('b', -1)).toThrow('retries')
      other.push(again('b'))
      expect(() => again()).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
      at('-x', () => producer.close({ drainMs: 5 }))
      at('---x', () => other.push(again()))
      closeAfter(20)
      m.flush()
      expect(other).toHaveLength(2)
    }),
  )
})
