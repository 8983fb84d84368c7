import fc from 'fast-check'
import Long from 'long'
import { asyncScheduler, of, Subject } from 'rxjs'
import type { Observable } from 'rxjs'
import { expect, it } from 'vitest'
import { createCustody } from '../../src/consumer/queues/custody.ts'
import { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import type { Inbound } from '../../src/messages/message.ts'
import { aQueue, aStored } from '../support/builders.ts'

const custodyOf = (sendBack$: (delivery: QueueDelivery) => Observable<void>) => {
  let credits = 0
  const custody = createCustody({
    queue: aQueue(),
    read: () => ({}) as Inbound,
    sendBack$,
    maxAttempts: 16,
    atMostOnce: false,
    budget: { give: n => (credits -= n), close: () => undefined },
    onFailure: () => undefined,
    scheduler: asyncScheduler,
  })
  const add = (from: number, count: number): readonly QueueDelivery[] => {
    const page = Array.from(
      { length: count },
      (_, i) => new QueueDelivery(aStored({ offset: from + i }), 't', custody.settler),
    )
    credits += count
    custody.add(page, Long.fromNumber(from + count))
    return page
  }
  return { custody, add, credits: () => credits }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('pull' as const), n: fc.nat(5) }),
    fc.record({ what: fc.constantFrom('ack', 'retry', 'confirm', 'release' as const), n: fc.nat() }),
    fc.record({ what: fc.constant('seek' as const), n: fc.nat(50) }),
  ),
  { maxLength: 80 },
)

it('the commit point of a queue never passes what is unsettled, never goes back, and ends at the end; no credit is lost', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (happening, maySeek) => {
      const confirms = new Map<QueueDelivery, Subject<void>>()
      const { custody, add, credits } = custodyOf(delivery => {
        const confirm = new Subject<void>()
        confirms.set(delivery, confirm)
        return confirm
      })
      const point = (): number => custody.window()?.commitPoint().toNumber() ?? -1
      custody.open(Long.ZERO, new Error('begins'))
      let open: QueueDelivery[] = [] // nobody has settled them, or no broker has confirmed it
      let next = 0
      let last = 0
      const settle = (delivery: QueueDelivery): void => void (open = open.filter(one => one !== delivery))

      for (const { what, n } of happening) {
        const undecided = open.filter(({ decision }) => decision === undefined)
        const one = undecided.length === 0 ? undefined : undecided[n % undecided.length]
        const asked = [...confirms.keys()].filter(delivery => open.includes(delivery))
        if (what === 'pull') {
          open.push(...add(next, n))
          next += n
        } else if (what === 'seek') {
          if (!maySeek) continue
          custody.open(Long.fromNumber(n), new Error('seek'))
          open = []
          next = last = n
        } else if (what === 'confirm') {
          const delivery = asked[n % Math.max(1, asked.length)]
          if (delivery === undefined) continue
          settle(delivery)
          confirms.get(delivery)?.next()
        } else if (one === undefined) continue
        else if (what === 'ack') {
          settle(one)
          one.ack()
        } else if (what === 'retry') one.retryLater()
        else one.release() // stays: it comes again, and the commit point must not pass it
        expect(point()).toBe(open[0]?.offset.toNumber() ?? next)
        expect(point()).toBeGreaterThanOrEqual(last)
        expect(credits()).toBe(open.length)
        last = point()
      }
      for (const delivery of open) {
        delivery.ack()
        confirms.get(delivery)?.next()
      }
      const released = open.find(({ decision }) => decision === 'released')
      expect(point()).toBe(released?.offset.toNumber() ?? next)
      custody.letGo(new Error('over'))
      expect([credits(), custody.size, custody.settling()]).toEqual([0, 0, 0])
    }),
  )
})

it('what was taken away settles nothing any more, whoever settles it, and however late the broker confirms', () => {
  const confirm = new Subject<void>()
  const { custody, add, credits } = custodyOf(() => confirm)
  custody.open(Long.ZERO, new Error('begins'))
  const [first, second] = add(0, 2) as [QueueDelivery, QueueDelivery]
  first.retryLater()
  custody.open(Long.ZERO, new Error('read again'))
  add(0, 2)
  confirm.next()
  second.ack()
  expect([custody.window()?.commitPoint().toNumber(), credits(), second.decision]).toEqual([0, 2, 'released'])
})

it('what is in hand for too long is found behind what waits for its turn', () => {
  const { custody, add } = custodyOf(() => of(undefined))
  custody.open(Long.ZERO, new Error('begins'))
  const [, , third] = add(0, 3) as [QueueDelivery, QueueDelivery, QueueDelivery]
  third.startedAt = 10
  expect(custody.overdue(9)).toEqual([])
  expect(custody.overdue(10)).toEqual([third])
})
