/** A popped queue on a scripted broker, for pictures. */
import Long from 'long'
import { asapScheduler, asyncScheduler, defer, map, NEVER, type Observable, of, tap } from 'rxjs'
import type { Popped } from '../../src/broker/popping.ts'
import { createBudget } from '../../src/consumer/queues/budget.ts'
import type { QueueDelivery } from '../../src/consumer/queues/delivery.ts'
import { createPopQueue, type PopQueueContext } from '../../src/consumer/pop/pop-queue.ts'
import type { Inbound } from '../../src/messages/message.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import type { PopHandle } from '../../src/protocol/pop/popped-messages.ts'
import { aQueue, aStored, type StoredParts } from '../../test/support/builders.ts'
import type { Marbles } from '../marbles.ts'

/** A handle of the message at an offset; its revive queue tells how often it was renewed. */
const handleOf = (offset: number, renewals = 0): PopHandle => ({
  startOffset: Long.ZERO,
  popTime: Long.ZERO,
  invisibleTime: Long.fromNumber(60_000),
  reviveQueueId: renewals,
  mark: '0',
  brokerName: 'a',
  queueId: 0,
  queueOffset: Long.fromNumber(offset),
})

/** What a pop brings: messages of these offsets, or nothing. */
export const popped = (offsets: readonly number[], parts: StoredParts = {}): Popped => ({
  status: offsets.length > 0 ? 'FOUND' : 'POLLING_NOT_FOUND',
  messages: offsets.map(offset => ({
    stored: aStored({ offset, ...parts }),
    handle: handleOf(offset),
    reconsumeTimes: parts.reconsumeTimes ?? 0,
  })),
  failure: undefined,
  restNum: Long.ZERO,
})

type Answer = readonly [diagram: string, values?: Readonly<Record<string, unknown>>, failure?: unknown]

export interface ScriptedPops extends Partial<PopQueueContext> {
  /** The answers to pops, one after the other; later pops are held for ever. */
  readonly pops?: readonly Answer[]
  /** The answers to everything that settles, one after the other; later ones succeed at once. */
  readonly settlements?: readonly Answer[]
}

/** How a handle is written in the log: its offset, and a prime for each renewal. */
const named = ({ queueOffset, reviveQueueId }: PopHandle): string => queueOffset.toString() + "'".repeat(reviveQueueId)

export const drawPops = (m: Marbles, { pops = [], settlements = [], ...context }: ScriptedPops = {}) => {
  const events: ReportedEvent[] = []
  const log: string[] = []
  const deliveries = new Map<number, QueueDelivery>()
  const total = createBudget({ messages: 1_000, bytes: 1_000_000 }, 4)
  let asked = 0
  let settled = 0
  const note = (what: string) => log.push(`${what} at ${asyncScheduler.now()}`)
  const answer$ = <T>([diagram, values = {}, failure]: Answer, or: T): Observable<T> =>
    diagram === '' ? NEVER : m.cold(diagram, { x: or, ...values }, failure)
  const settling$ = <T>(what: string, result: T): Observable<T> =>
    defer(() => {
      note(what)
      const scripted = settlements[settled++]
      return scripted === undefined ? of(result) : answer$(scripted, result)
    })
  const queue = createPopQueue(aQueue('a', -1), {
    pop$: (_, max, held) =>
      defer(() => {
        note(`pop ${max}${held ? ' held' : ''}`)
        return answer$(pops[asked++] ?? [''], popped([]))
      }),
    ack$: (_, handle) => settling$(`ack ${named(handle)}`, true),
    ackMany$: (_, handles) => settling$(`ack ${handles.map(named).join(',')}`, undefined),
    changeInvisible$: (_, handle, ms) =>
      settling$(`hide ${named(handle)} for ${ms}`, { ...handle, reviveQueueId: handle.reviveQueueId + 1 }),
    deadLetter$: (_, { queueOffset }) => settling$(`bury ${queueOffset.toString()}`, undefined),
    accepts: () => true,
    topicOf: ({ topic }) => topic,
    read: () => ({}) as Inbound,
    budget: total.queue({ messages: 8, bytes: 1_000_000 }),
    invisibleMs: 60_000,
    maxAttempts: 16,
    report: event => events.push(event),
    group: 'g',
    drainMs: 20,
    scheduler: asyncScheduler,
    asap: asapScheduler,
    ...context,
  })
  let left: readonly number[] = []
  /** Closes the queue then, or its invisible times would go on; `left()`: what was in hand just before, and its credits. */
  const closesAt = (ms: number) =>
    asyncScheduler.schedule(() => {
      left = [queue.settling(), total.taken().messages]
      queue.close()
    }, ms)
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
  const taken = () => total.taken().messages
  return { queue, run$, act, delivery, events, log, taken, closesAt, left: () => left }
}
