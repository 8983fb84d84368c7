import { asyncScheduler, map, mergeMap, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Consumer, FetchOptions } from '../../src/index.ts'
import { errorsAsValues, marbles } from '../marbles.ts'
import { at, drawConsumer, PULL } from './consumer-drawn.ts'

/** What is fetched: how many deliveries, which are settled so many ms later. */
const fetched = (consumer: Consumer, options: FetchOptions, settleMs = 0): Observable<string> =>
  consumer.fetch$(options).pipe(
    tap(list => list.forEach(delivery => asyncScheduler.schedule(() => delivery.ack(), settleMs))),
    map(list => String(list.length)),
    errorsAsValues(),
  )

describe('a fetch', () => {
  it(
    'emits its list when it is full; completes when that is settled, committed, and the group left',
    marbles(m => {
      const { consumer, commits, leaves } = drawConsumer(m, ['-p', '-p'])
      m.expect(fetched(consumer, { max: 4 }, 3)).toBeObservable('--4--|')
      m.flush()
      expect([commits(), leaves()]).toEqual([['4 at 5'], ['g at 5']])
    }),
  )

  it(
    'emits what there is when its time is over, be it nothing',
    marbles(m => {
      const { consumer, commits } = drawConsumer(m, ['-p'])
      m.expect(fetched(consumer, { waitMs: 6 })).toBeObservable('------(3|)')
      const silent = drawConsumer(m, [])
      m.expect(fetched(silent.consumer, { waitMs: 6 })).toBeObservable('------(0|)')
      m.flush()
      expect([commits(), silent.commits()]).toEqual([['3 at 6'], ['0 at 6']])
    }),
  )

  it(
    'that waits when its consumer closes emits what it has, and leaves in order',
    marbles(m => {
      const { consumer, commits, leaves } = drawConsumer(m, ['-p'])
      at(m, '----c', () => consumer.close())
      m.expect(fetched(consumer, {}, 2)).toBeObservable('----3-|')
      m.flush()
      expect([commits(), leaves()]).toEqual([['3 at 6'], ['g at 6']])
    }),
  )

  it(
    'that is unsubscribed while it waits settles nothing: the next one gets the same',
    marbles(m => {
      const { consumer, told, commits } = drawConsumer(m, ['-p', '', '-p'])
      m.expect(fetched(consumer, { waitMs: 4 }), '^-!').toBeObservable('--')
      m.expect(m.cold('----x|').pipe(mergeMap(() => fetched(consumer, { max: 3 })))).toBeObservable('-----(3|)')
      m.flush()
      expect(told(PULL, 'queueOffset')).toEqual(['0 at 0', '3 at 1', '0 at 4', '3 at 5'])
      expect(commits()).toEqual(['0 at 2', '3 at 5'])
    }),
  )
})
