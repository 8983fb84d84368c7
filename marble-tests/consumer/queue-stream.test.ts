import { asyncScheduler, defer, ignoreElements, map, mergeMap, NEVER, take, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { queueStream$ } from '../../src/consumer/handling/queue-stream.ts'
import type { QueueStream } from '../../src/consumer/handling/queue-stream.ts'
import type { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import { queueKey } from '../../src/messages/offsets.ts'
import { aQueue } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

/** The stream of one queue whose pages are drawn: each letter is a page of one delivery. */
const drawn = (m: Marbles, { pages = '', revoked = '' }: { readonly pages?: string; readonly revoked?: string }) => {
  const unheard: string[] = []
  const rests: string[] = []
  const revoked$: Observable<unknown> = revoked === '' ? NEVER : m.hot(revoked)
  const page$ = m.cold(pages)
  const pages$ = page$.pipe(map(letter => [letter as unknown as QueueDelivery]))
  const out$ = queueStream$(aQueue(), {
    pages$,
    revoked$,
    rest$: () =>
      defer(() => {
        rests.push(`rests at ${asyncScheduler.now()}`)
        return revoked$.pipe(take(1), ignoreElements())
      }),
    onUnheard: error => unheard.push(`${String(error)} at ${asyncScheduler.now()}`),
    scheduler: asyncScheduler,
  })
  return { out$, page$, unheard, rests }
}
/** What is heard of the queue by one who subscribes at once. */
const heard$ = (out$: Observable<QueueStream<QueueDelivery>>, limit = Infinity) =>
  out$.pipe(mergeMap(({ messages$ }) => messages$.pipe(take(limit))))

describe('the stream of a queue', () => {
  it(
    'hands out what its pages bring, and pulls only while somebody listens',
    marbles(m => {
      const { out$, page$ } = drawn(m, { pages: '-a-b' })
      m.expect(heard$(out$), '^-----!').toBeObservable('-a-b')
      m.expect(page$).toHaveSubscriptions('^-----!')
    }),
  )

  it(
    'completes when the queue is revoked, and is over when its pages are wound up: it can be held again',
    marbles(m => {
      const { out$ } = drawn(m, { pages: '-a----|', revoked: '---r' })
      const completed: number[] = []
      const inner$ = out$.pipe(
        mergeMap(({ messages$ }) => messages$.pipe(tap({ complete: () => completed.push(asyncScheduler.now()) }))),
      )
      m.expect(inner$).toBeObservable('-a----|')
      m.flush()
      expect(completed).toEqual([3])
    }),
  )

  it(
    'rests when its listener leaves, until the queue is revoked',
    marbles(m => {
      const { out$, page$, rests } = drawn(m, { pages: '-a-b-c', revoked: '--------r' })
      m.expect(heard$(out$, 2)).toBeObservable('-a-b----|')
      m.expect(page$).toHaveSubscriptions('^--!')
      m.flush()
      expect(rests).toEqual(['rests at 3'])
    }),
  )

  it(
    'tells who has a queue and does not listen, once, and ends when that is revoked',
    marbles(m => {
      const { out$, unheard } = drawn(m, { revoked: '2s r' })
      m.expect(out$.pipe(map(() => 'q'))).toBeObservable('q 1999ms |')
      m.flush()
      expect(unheard).toEqual([expect.stringMatching(/nobody subscribes to the messages of t@a:0.* at 1000$/)])
    }),
  )

  it(
    'is for one listener, once',
    marbles(m => {
      const { out$, unheard } = drawn(m, { pages: '-a' })
      const twice$ = out$.pipe(
        mergeMap(({ messages$ }) => m.cold('x-y').pipe(mergeMap(() => messages$.pipe(errorsAsValues())))),
      )
      m.expect(twice$, '^----!').toBeObservable('-aE', { a: 'a' as unknown as QueueDelivery, E: 'ERR_RMQ_ILLEGAL no' })
      m.flush()
      expect(unheard).toEqual([])
    }),
  )

  it(
    'has nothing for who listens after the end',
    marbles(m => {
      let late: QueueStream<QueueDelivery> | undefined
      const { out$ } = drawn(m, { pages: '-a' })
      m.expect(out$.pipe(map(stream => queueKey((late = stream).queue))), '^--!').toBeObservable('q', {
        q: queueKey(aQueue()),
      })
      m.expect(
        defer(() => late!.messages$),
        '-----^',
      ).toBeObservable('-----|')
    }),
  )
})
