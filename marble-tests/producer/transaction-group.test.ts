import { map, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { marbles } from '../marbles.ts'
import { drawnTransactions } from './transaction-drawn.ts'

const TWO = { brokers: { a: 'a:1', b: 'b:1' } }

describe('brokers are told once that the group of transactions leaves', () => {
  it(
    'those that messages went to and those that only knew the group, when its producer closes',
    marbles(m => {
      const { producer, client, shown$, at, left } = drawnTransactions(m, { ...TWO, half: 's' })
      m.expect(shown$(() => of('x'))).toBeObservable('(c|)', { c: 'commit of x' })
      at('-----c', () => producer.close({ drainMs: 10 }))
      at('---------c', () => client.close({ drainMs: 10 }))
      m.flush()
      expect(left().sort()).toEqual(['a:1 at 9', 'b:1 at 9']) // a promise stands between, which virtual time does not await
    }),
  )

  it(
    'when its producer was ready and never sent',
    marbles(m => {
      const { producer, client, at, left } = drawnTransactions(m, TWO)
      m.expect(producer.ready$().pipe(map(() => 'r'))).toBeObservable('(r|)')
      at('-----c', () => producer.close({ drainMs: 10 }))
      at('---------c', () => client.close({ drainMs: 10 }))
      m.flush()
      expect(left().sort()).toEqual(['a:1 at 5', 'b:1 at 5'])
    }),
  )

  it(
    'when the client closes',
    marbles(m => {
      const { client, shown$, at, left } = drawnTransactions(m, { ...TWO, half: 's' })
      m.expect(shown$(() => of('x'))).toBeObservable('(c|)', { c: 'commit of x' })
      at('-----c', () => client.close({ drainMs: 10 }))
      m.flush()
      expect(left().sort()).toEqual(['a:1 at 5', 'b:1 at 5'])
    }),
  )

  it(
    'and not before the last producer of that name has closed',
    marbles(m => {
      const { producer, client, shown$, at, left } = drawnTransactions(m, { ...TWO, half: 's' })
      const other = client.producer({ group: 'tx' })
      m.expect(shown$(() => of('x'))).toBeObservable('(c|)', { c: 'commit of x' })
      m.expect(other.warmup$(['t']).pipe(map(() => 'w'))).toBeObservable('(w|)')
      at('-----c', () => producer.close({ drainMs: 10 }))
      at('-----------c', () => client.close({ drainMs: 10 }))
      m.flush()
      expect(left().sort()).toEqual(['a:1 at 11', 'b:1 at 11'])
    }),
  )
})
