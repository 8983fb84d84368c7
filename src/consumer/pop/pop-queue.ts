import { concat, defer, EMPTY, filter, ignoreElements, map, merge, Observable, of, race, Subject } from 'rxjs'
import { switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import type { Popped } from '../../broker/popping.ts'
import type { Inbound } from '../../messages/message.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { ReportedEvent } from '../../observability/events.ts'
import type { PopHandle, PoppedMessage } from '../../protocol/pop/popped-messages.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import type { QueueBudget } from '../queues/budget.ts'
import { QueueDelivery } from '../queues/delivery.ts'
import type { Settler } from '../queues/delivery.ts'
import type { HeldQueue } from '../queues/held-queue.ts'
import { createPopCustody } from './pop-custody.ts'
import { popLoop$ } from './pop-loop.ts'

/** What a popped queue needs of its consumer; the first argument is always the queue, whose id may be -1. */
export interface PopQueueContext {
  /** Between one pop that brought messages and the next, ms. Default 0. */
  readonly intervalMs?: number
  /** At most so many messages, each hidden for `invisibleMs`; `held`: the broker may hold it until a message comes. */
  readonly pop$: (queue: MessageQueue, max: number, held: boolean) => Observable<Popped>
  readonly ack$: (queue: MessageQueue, handle: PopHandle) => Observable<unknown>
  readonly ackMany$: (queue: MessageQueue, handles: readonly PopHandle[]) => Observable<unknown>
  readonly changeInvisible$: (queue: MessageQueue, handle: PopHandle, ms: number) => Observable<PopHandle | undefined>
  /** Stores a copy of a message among the group's dead letters, and leaves the message as it is. */
  readonly deadLetter$: (queue: MessageQueue, stored: StoredMessage) => Observable<unknown>
  readonly accepts: (stored: StoredMessage) => boolean
  readonly topicOf: (stored: StoredMessage) => string
  readonly read: (stored: StoredMessage, queue: QueueRef, topic: string) => Inbound
  readonly budget: QueueBudget
  /** How long a message is hidden from others, ms. Default 60,000, as Java's popInvisibleTime; 5,000 to 300,000. */
  readonly invisibleMs: number
  /** Redeliveries before a message goes to the dead letters. */
  readonly maxAttempts: number
  readonly report: (event: ReportedEvent) => void
  readonly group: string
  /** Whether a user wants it to rest. */
  readonly isPaused?: ((queue: QueueRef) => boolean) | undefined
  readonly drainMs: number
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

/** A queue, or any queue of a broker, whose progress the broker keeps, message by message: there is none to commit. */
export interface PopQueue extends HeldQueue {
  /** Hides a delivery from others for so long from now on, 5,000 to 300,000 ms. Cold, one value. */
  extend$(delivery: QueueDelivery, byMs: number): Observable<void>
}

/** @param queue id -1 means any queue of the broker */
export const createPopQueue = (queue: MessageQueue, context: PopQueueContext): PopQueue => {
  const { budget, report, group, maxAttempts, scheduler, asap } = context
  const resumes = new Subject<void>()
  const closes = new Subject<void>()
  const arriving = new Set<QueueDelivery>() // a page is handed out a hop after it came
  let paused = context.isPaused?.(queue) ?? false

  const failure = (where: Where, error: unknown, stored?: StoredMessage): void => {
    const at = stored === undefined ? {} : { offset: stored.queueOffset.toString() }
    report({ type: 'consumer-failure', group, where, error, queue, ...at })
  }
  const custody = createPopCustody({
    ...context,
    queue,
    ack$: handle => context.ack$(queue, handle),
    ackMany$: handles => context.ackMany$(queue, handles),
    changeInvisible$: (handle, ms) => context.changeInvisible$(queue, handle, ms),
    deadLetter$: ({ stored }) => context.deadLetter$(queue, stored),
    onFailure: (where, error, { stored }) => failure(where, error, stored),
  })
  const settlers = new Map<number, Settler>() // by the queue that a message lies in, where this one is any of a broker
  const settlerOf = (queueId: number): Settler => {
    const at = { ...queue, queueId }
    const settler = settlers.get(queueId) ?? {
      ...custody.settler,
      queue: at,
      read: ({ stored, topic }: QueueDelivery) => context.read(stored, at, topic),
    }
    settlers.set(queueId, settler)
    return settler
  }

  // ---- what is not delivered

  /** Filtered out by its tag, which the broker knows only the hash of. */
  const dismiss$ = ({ handle, stored }: PoppedMessage): Observable<unknown> =>
    custody.dismiss$(handle).pipe(tap({ error: (error: unknown) => failure('ack', error, stored) }))
  /** Delivered too often, and never settled: the broker would go on for ever. */
  const bury$ = (popped: PoppedMessage): Observable<unknown> =>
    context.deadLetter$(queue, popped.stored).pipe(
      tap({ error: (error: unknown) => failure('send-back', error, popped.stored) }),
      switchMap(() => dismiss$(popped)),
    )
  /** One try: what fails comes again, and is looked at again. */
  const aside = (done$: Observable<unknown>): void =>
    void done$.pipe(takeUntil(closes)).subscribe({ error: () => undefined })

  // ---- popping

  const toPage = ({ status, messages, failure: damage }: Popped) => {
    if (damage !== undefined) failure('decode', damage) // what cannot be read comes again
    const entries = messages.flatMap(popped => {
      const { stored, handle, reconsumeTimes } = popped
      if (!context.accepts(stored)) {
        aside(dismiss$(popped))
        return []
      }
      if (reconsumeTimes > maxAttempts) {
        aside(bury$(popped))
        return []
      }
      const delivery = new QueueDelivery(stored, context.topicOf(stored), settlerOf(stored.queueId))
      if (reconsumeTimes !== stored.reconsumeTimes) delivery.countFrom(reconsumeTimes)
      return [{ delivery, handle }]
    })
    custody.add(entries)
    for (const { delivery } of entries) arriving.add(delivery)
    return { status, entries: entries.map(({ delivery }) => delivery) }
  }
  const room = (): number => (paused ? 0 : budget.room())
  const whenRoom = (resume: () => void): (() => void) => {
    const roomInBudget$ = new Observable<void>(sink => budget.whenRoom(() => sink.next()))
    const open$ = merge(of(undefined), resumes).pipe(
      switchMap(() => (room() > 0 ? of(undefined) : roomInBudget$)),
      filter(() => room() > 0),
      take(1),
    )
    const waiting = open$.subscribe({ next: resume, error: () => undefined })
    return () => waiting.unsubscribe()
  }
  const deliveries$ = popLoop$<QueueDelivery>({
    pop$: (max, held) => context.pop$(queue, max, held).pipe(map(toPage)),
    budget: { ...budget, room, whenRoom },
    bytesOf: delivery => delivery.bytes,
    intervalMs: context.intervalMs ?? 0,
    onError: error => failure('pull', error),
    scheduler,
    asap,
  }).pipe(
    map(({ entries }) => entries),
    tap(entries => entries.forEach(delivery => arriving.delete(delivery))),
    filter(entries => entries.length > 0),
  )
  /** A page that nobody will be handed: others may have it. */
  const putBack$ = defer(() => {
    for (const delivery of arriving) delivery.release()
    arriving.clear()
    return EMPTY
  })
  const emptyHanded$ = merge(of(undefined), custody.settlements$).pipe(filter(() => custody.settling() === 0))

  return {
    queue,
    run$: revoked$ =>
      concat(
        deliveries$.pipe(takeUntil(revoked$)),
        putBack$,
        defer(() => race(emptyHanded$, timer(context.drainMs, scheduler))).pipe(take(1), ignoreElements()),
      ),
    rest$: revoked$ =>
      defer(() => {
        custody.release('all')
        return concat(putBack$, revoked$.pipe(take(1), ignoreElements()))
      }),
    commit$: () => EMPTY,
    farewell$: () => EMPTY,
    consumed: () => undefined,
    isAhead: () => false,
    progress: () => undefined,
    facts: () => undefined,
    settling: () => custody.settling(),
    settlements$: custody.settlements$,
    release: which => custody.release(which),
    pullAgain: () => undefined, // the next pop asks for what is subscribed to then
    seek: () => undefined, // the broker keeps the place
    overdue: () => [], // what is in hand for too long lapses by itself
    extend$: (delivery, byMs) => custody.extend$(delivery, byMs),
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      resumes.next()
    },
    close: () => {
      closes.next()
      custody.letGoAll(new Error('the consumer stopped'))
      budget.close()
    },
  }
}

type Where = 'pull' | 'decode' | 'ack' | 'send-back' | 'stall'
