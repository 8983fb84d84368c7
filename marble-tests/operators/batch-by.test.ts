import { asapScheduler, asyncScheduler, map, mergeMap, type Observable, take, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { batchBy, type BatchByOptions } from '../../src/operators/batch-by.ts'
import { marbles, type Marbles } from '../marbles.ts'

/** Letters that gather: small ones in one lane, without a key; `keyed`: each is its own key. Batches take 4 ms. */
const drawn = (m: Marbles, options: Partial<BatchByOptions<string>> = {}, takes = '----(r|)') => {
  const log: string[] = []
  const batching = batchBy<string, string>(
    letters => {
      log.push(`${letters.join('')} at ${asyncScheduler.now()}`)
      return m.cold(takes).pipe(map(() => letters))
    },
    {
      maxCount: 3,
      maxBytes: 100,
      bytesOf: () => 1,
      lingerMs: 50,
      laneOf: () => 'lane',
      keyOf: () => undefined,
      concurrency: 8,
      scheduler: asyncScheduler,
      asap: asapScheduler,
      ...options,
    },
  )
  const joined$ = (source$: Observable<string>) =>
    source$.pipe(tap({ complete: batching.hurry }), mergeMap(batching.join$))
  return { batching, joined$, log }
}

describe('items that gather', () => {
  it(
    'start at once where nothing is at work, those of one turn together',
    marbles(m => {
      const { joined$, log } = drawn(m)
      const source = m.hot('  a----(bc)-')
      const expected = '      ----a----(bc)'
      m.expect(joined$(source), '^-------------!').toBeObservable(expected)
      m.flush()
      expect(log).toEqual(['a at 0', 'bc at 5'])
    }),
  )

  it(
    'wait for company while others are at work, and start when those have ended',
    marbles(m => {
      const { joined$, log } = drawn(m)
      const source = m.hot('  abc------')
      const expected = '      ----a---(bc)'
      m.expect(joined$(source), '^------------!').toBeObservable(expected)
      m.flush()
      expect(log).toEqual(['a at 0', 'bc at 4'])
    }),
  )

  it(
    'start when a batch is full, by count or by bytes, though others are at work',
    marbles(m => {
      const byCount = drawn(m)
      const byBytes = drawn(m, { maxBytes: 2 })
      m.expect(byCount.joined$(m.hot('abcd---')), '^------------!').toBeObservable('----a--(bcd)')
      m.expect(byBytes.joined$(m.hot('abc--de')), '^------------!').toBeObservable('----a-(bc)(de)')
      m.flush()
      expect(byCount.log).toEqual(['a at 0', 'bcd at 3'])
      expect(byBytes.log).toEqual(['a at 0', 'bc at 2', 'de at 6'])
    }),
  )

  it(
    'wait no longer than they are told, counted from the first of them',
    marbles(m => {
      const { joined$, log } = drawn(m, { lingerMs: 3 }, '--------(r|)')
      const source = m.hot('  a-b-c-----')
      m.expect(joined$(source), '^----------------!').toBeObservable('--------a----(bc)')
      m.flush()
      expect(log).toEqual(['a at 0', 'bc at 5'])
    }),
  )

  it(
    'wait for nobody once the source has completed',
    marbles(m => {
      const { joined$, log } = drawn(m)
      const source = m.hot('  ab-|')
      m.expect(joined$(source)).toBeObservable('----a--(b|)')
      m.flush()
      expect(log).toEqual(['a at 0', 'b at 3'])
    }),
  )

  it(
    'of one key wait until the batch before has ended, however full the next one is',
    marbles(m => {
      const { joined$, log } = drawn(m, { keyOf: () => 'key', lingerMs: 0, maxCount: 2 })
      const source = m.hot('  abcde|')
      m.expect(joined$(source)).toBeObservable('----a---(bc)(de|)')
      m.flush()
      expect(log).toEqual(['a at 0', 'bc at 4', 'de at 8'])
    }),
  )

  it(
    'that go alone keep the order of their key with those that share',
    marbles(m => {
      const alone = (letter: string) => (letter === 'b' ? undefined : 'lane')
      const { joined$, log } = drawn(m, { keyOf: letter => (letter === 'd' ? 'other' : 'key'), laneOf: alone })
      const source = m.hot('  (abcd|)')
      m.expect(joined$(source)).toBeObservable('----(ad)b---(c|)')
      m.flush()
      expect(log).toEqual(['ad at 0', 'b at 4', 'c at 8'])
    }),
  )

  it(
    'have no more batches at work than they may, and grow meanwhile',
    marbles(m => {
      const { joined$, log } = drawn(m, { concurrency: 1, laneOf: letter => (letter < 'c' ? 'one' : 'two') })
      const source = m.hot('  acbd|')
      m.expect(joined$(source)).toBeObservable('----a---(cd)(b|)')
      m.flush()
      expect(log).toEqual(['a at 0', 'cd at 4', 'b at 8'])
    }),
  )

  it(
    'leave their batch when nobody waits for them any more, and end it when it was for nobody else',
    marbles(m => {
      const { batching, log } = drawn(m, {}, '----------(r|)')
      m.expect(batching.join$('a'), '^----!').toBeObservable('')
      m.expect(batching.join$('b'), '-^-!').toBeObservable('')
      m.expect(batching.join$('c'), '--^').toBeObservable('---------------(c|)')
      m.flush()
      expect(log).toEqual(['a at 0', 'c at 5'])
    }),
  )

  it(
    'that have not begun when it is stopped have the result they are given, at once and in order',
    marbles(m => {
      const { batching, joined$, log } = drawn(m, { keyOf: () => 'key' })
      const source = m.hot('       abc-d-')
      const stop = m.cold('        ---s').pipe(tap(() => batching.stop(letter => letter.toUpperCase())))
      m.expect(stop).toBeObservable('---s')
      m.expect(joined$(source.pipe(take(3))), '^---!').toBeObservable('---(BC)')
      m.expect(batching.join$('d'), '  -----^ ').toBeObservable('-----(D|)')
      m.flush()
      expect(log).toEqual(['a at 0'])
    }),
  )
})
