import { asyncScheduler, defer, EMPTY, finalize, from, NEVER, of, tap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Settler } from '../../src/consumer/queues/delivery.ts'
import { inPlace } from '../../src/consumer/handling/in-place.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { createPermits } from '../../src/operators/permits.ts'
import type { Permits } from '../../src/operators/permits.ts'
import { aQueue, aStored } from '../../test/support/builders.ts'
import { marbles } from '../marbles.ts'

const SUSPEND_MS = 5

const settler: Settler = {
  queue: aQueue(),
  maxAttempts: 16,
  read: () => ({}) as Inbound,
  acked: delivery => delivery.finish('acked'),
  sendBack: delivery => delivery.finish('retry-scheduled'),
  released: delivery => delivery.finish('released'),
  extend$: () => EMPTY,
}
const aDelivery = (offset = 0) => new QueueDelivery(aStored({ offset }), 't', settler)

/** Work that is tried again in place: emits `k` when it is done at last, `r` when it is released. */
const drawn = (
  delivery: QueueDelivery,
  attempt: (attempt: number) => Observable<string>,
  more: { readonly permits?: Permits; readonly stopping$?: Observable<unknown> } = {},
) => {
  const log: string[] = []
  const { permits = createPermits(() => 1), stopping$ = NEVER } = more
  const try$ = () =>
    defer(() => {
      log.push(`attempt ${delivery.attempt} at ${asyncScheduler.now()}`)
      return attempt(delivery.attempt)
    })
  const place = { permits, suspendMs: SUSPEND_MS, stopping$, scheduler: asyncScheduler }
  return { out$: from(inPlace([delivery], try$, () => 'r', place)), log }
}
const done = (delivery: QueueDelivery) => of('k').pipe(tap(() => delivery.ack()))

describe('work that is tried again in place', () => {
  it(
    'rests between attempts, which count, until it is done',
    marbles(m => {
      const delivery = aDelivery()
      const { out$, log } = drawn(delivery, n => (n < 3 ? m.cold('--|') : done(delivery)))
      m.expect(out$).toBeObservable('14ms (k|)')
      m.flush()
      expect(log).toEqual(['attempt 1 at 0', 'attempt 2 at 7', 'attempt 3 at 14'])
    }),
  )

  it(
    'rests as long as the failure asked for, else as usual',
    marbles(m => {
      const delivery = aDelivery()
      const failing = (restMs: number | undefined) =>
        m.cold<string>('--|').pipe(finalize(() => (delivery.restMs = restMs)))
      const { out$, log } = drawn(delivery, n => (n < 4 ? failing([20, undefined, 1][n - 1]) : done(delivery)))
      m.expect(out$).toBeObservable('32ms (k|)')
      m.flush()
      expect(log).toEqual(['attempt 1 at 0', 'attempt 2 at 22', 'attempt 3 at 29', 'attempt 4 at 32'])
    }),
  )

  it(
    'rests together as long as one of a batch asks for, of those that are not done',
    marbles(m => {
      const [done, short, long] = [aDelivery(0), aDelivery(1), aDelivery(2)]
      const attempts: string[] = []
      const try$ = (open: readonly QueueDelivery[]) => {
        attempts.push(`${open.map(({ offset }) => offset.toString()).join('')} at ${asyncScheduler.now()}`)
        if (attempts.length === 1) done.ack()
        else for (const delivery of open) delivery.ack()
        done.restMs = 50
        short.restMs = 3
        long.restMs = 7
        return m.cold<string>('-|')
      }
      const place = {
        permits: createPermits(() => 1),
        suspendMs: SUSPEND_MS,
        stopping$: NEVER,
        scheduler: asyncScheduler,
      }
      m.expect(from(inPlace([done, short, long], try$, () => 'r', place))).toBeObservable('---------|')
      m.flush()
      expect(attempts).toEqual(['012 at 0', '12 at 8'])
    }),
  )

  it(
    'has a signal of its own for each attempt',
    marbles(m => {
      const delivery = aDelivery()
      const signals: AbortSignal[] = []
      const { out$ } = drawn(delivery, n => {
        signals.push(delivery.signal)
        delivery.abort(new Error('its time is over'))
        return n < 2 ? EMPTY : done(delivery)
      })
      m.expect(out$).toBeObservable('-----(k|)')
      m.flush()
      expect(new Set(signals).size).toBe(2)
    }),
  )

  it(
    'holds no permit while it rests: others work meanwhile, and it waits for its turn again',
    marbles(m => {
      const permits = createPermits(() => 1)
      const [resting, other] = [aDelivery(0), aDelivery(1)]
      const a = drawn(resting, n => (n < 2 ? m.cold('--|') : done(resting)), { permits })
      const b = drawn(other, () => m.cold('--------(k|)').pipe(tap(() => other.ack())), { permits })
      m.expect(a.out$, '^').toBeObservable('----------(k|)')
      m.expect(b.out$, '^').toBeObservable('----------(k|)')
      m.flush()
      expect([a.log, b.log]).toEqual([['attempt 1 at 0', 'attempt 2 at 10'], ['attempt 1 at 2']])
    }),
  )

  it(
    'is released when the consumer stops while it rests',
    marbles(m => {
      const delivery = aDelivery()
      const { out$, log } = drawn(delivery, () => m.cold('--|'), { stopping$: m.hot('----s') })
      m.expect(out$).toBeObservable('----(r|)')
      m.flush()
      expect([log, delivery.decision]).toEqual([['attempt 1 at 0'], 'released'])
    }),
  )

  it(
    'may finish its attempt when the consumer stops, and is released when that failed',
    marbles(m => {
      const [good, bad] = [aDelivery(), aDelivery()]
      const stopping$ = m.cold('-s')
      const one = drawn(good, () => m.cold('---(k|)').pipe(tap(() => good.ack())), { stopping$: m.hot('-s') })
      m.expect(one.out$).toBeObservable('---(k|)')
      const replayed$ = defer(() => (asyncScheduler.now() < 1 ? stopping$ : of('s')))
      const two = drawn(bad, () => m.cold('---|'), { stopping$: replayed$ })
      m.expect(two.out$).toBeObservable('---(r|)')
    }),
  )

  it(
    'never begins when it was taken away while it waited for its lane, and does not rest',
    marbles(m => {
      const delivery = aDelivery()
      delivery.lose(new Error('the lock is lost'))
      const { out$, log } = drawn(delivery, () => throwError(() => new Error('worked on nothing')))
      m.expect(out$).toBeObservable('|')
      m.flush()
      expect(log).toEqual([])
    }),
  )

  it(
    'never begins when it was taken away while it waited for a permit',
    marbles(m => {
      const permits = createPermits(() => 1)
      const [busy, waiting] = [aDelivery(0), aDelivery(1)]
      const a = drawn(busy, () => m.cold('----(k|)').pipe(tap(() => busy.ack())), { permits })
      const b = drawn(waiting, () => throwError(() => new Error('worked on nothing')), { permits })
      m.expect(a.out$).toBeObservable('----(k|)')
      m.expect(b.out$).toBeObservable('----|')
      m.expect(m.cold('--l').pipe(tap(() => waiting.lose(new Error('the lock is lost'))))).toBeObservable('--l')
    }),
  )

  it(
    'ends its rest at once when it is taken away: its lane is free for what comes next',
    marbles(m => {
      const delivery = aDelivery()
      const { out$ } = drawn(delivery, () => m.cold('-|'))
      m.expect(out$).toBeObservable('---|')
      m.expect(m.cold('---l').pipe(tap(() => delivery.lose(new Error('the lock is lost'))))).toBeObservable('---l')
    }),
  )
})
