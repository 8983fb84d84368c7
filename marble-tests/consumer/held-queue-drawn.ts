/** A held queue on a scripted broker, for pictures. */
import Long from 'long'
import { asapScheduler, asyncScheduler, defer, map, NEVER, type Observable, of, tap } from 'rxjs'
import type { Pulled } from '../../src/broker/pulling.ts'
import { createBudget, type QueueBudget } from '../../src/consumer/queues/budget.ts'
import type { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import { createHeldQueue, type HeldQueue, type HeldQueueContext } from '../../src/consumer/queues/held-queue.ts'
import type { StartPosition } from '../../src/consumer/offsets/start-position.ts'
import type { Inbound } from '../../src/messages/message.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { aQueue, aStored } from '../../test/support/builders.ts'
import type { Marbles } from '../marbles.ts'

const LAST = Long.fromNumber(100)

/** What a pull brings: messages of these offsets, and where to go on. */
export const pulled = (offsets: readonly number[], nextBeginOffset: number, more: Partial<Pulled> = {}): Pulled => ({
  status: offsets.length > 0 ? 'FOUND' : 'NO_NEW_MSG',
  messages: offsets.map(offset => aStored({ offset })),
  failure: undefined,
  nextBeginOffset: Long.fromNumber(nextBeginOffset),
  minOffset: Long.ZERO,
  maxOffset: LAST,
  suggestWhichBrokerId: Long.ZERO,
  ...more,
})

/** Two pages of one queue, and how `run$` shows them. */
export const P = { p: pulled([0, 1, 2, 3], 4), q: pulled([4, 5], 6) }
export const PAGES = { p: '0,1,2,3', q: '4,5' }

export interface Scripted extends Partial<HeldQueueContext> {
  /** The answers to pulls, one after the other: a diagram with what its letters bring. Later pulls are held for ever. */
  readonly pulls?: readonly (
    readonly [string, Readonly<Record<string, Pulled>>] | readonly [string, Readonly<Record<string, Pulled>>, unknown]
  )[]
}

export const drawQueue = (m: Marbles, { pulls = [], ...context }: Scripted = {}) => {
  const events: ReportedEvent[] = []
  const log: string[] = []
  const note = (what: string) => log.push(`${what} at ${asyncScheduler.now()}`)
  const deliveries = new Map<number, QueueDelivery>()
  let asked = 0
  const budget: QueueBudget = createBudget({ messages: 1_000, bytes: 1_000_000 }, 4).queue({
    messages: 100,
    bytes: 1_000_000,
  })
  const queue: HeldQueue = createHeldQueue(aQueue(), {
    startPosition$: () => of<StartPosition>({ offset: Long.ZERO, reason: 'first' }),
    pull$: (_, offset, max) =>
      defer(() => {
        note(`pull ${max} from ${offset.toString()}`)
        const [diagram, values, failure] = pulls[asked++] ?? ['', {}]
        return diagram === '' ? NEVER : m.cold(diagram, values, failure)
      }),
    sendBack$: ({ offset }, level) =>
      defer(() => {
        note(`send back ${offset.toString()} (${level})`)
        return of(undefined)
      }),
    maxAttempts: 16,
    commit$: (_, offset) =>
      defer(() => {
        note(`commit ${offset.toString()}`)
        return of(undefined)
      }),
    accepts: () => true,
    topicOf: ({ topic }) => topic,
    read: () => ({}) as Inbound,
    budget,
    span: 2_000,
    report: event => events.push(event),
    group: 'g',
    drainMs: 20,
    scheduler: asyncScheduler,
    asap: asapScheduler,
    ...context,
  })
  /** Each page as the offsets it delivers, joined by commas. */
  const run$ = (revoked$: Observable<unknown> = NEVER) =>
    queue.run$(revoked$.pipe(map(() => undefined))).pipe(
      tap(page => page.forEach(delivery => deliveries.set(delivery.offset.toNumber(), delivery))),
      map(page => page.map(({ offset }) => offset.toString()).join()),
    )
  /** Does what each letter means at its time. */
  const act = (diagram: string, actions: Readonly<Record<string, () => void>>) =>
    m.expect(m.cold<string>(diagram).pipe(tap(letter => actions[letter]?.()))).toBeObservable(diagram)
  const delivery = (offset: number): QueueDelivery => {
    const found = deliveries.get(offset)
    if (found === undefined) throw new Error(`offset ${offset} was not delivered`)
    return found
  }
  const commitPoint = () => queue.progress()?.commitPoint.toString()
  return { queue, run$, act, delivery, commitPoint, events, log, budget }
}
