import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  map,
  ReplaySubject,
  retry,
  Subject,
  takeUntil,
  tap,
} from 'rxjs'
import { throwError, throwIfEmpty, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { checkedInt } from '../../client/checks.ts'
import { illegal, operationTimeout } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { PopHandle } from '../../protocol/pop/popped-messages.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { QueueBudget } from '../queues/budget.ts'
import type { QueueDelivery, Settlement } from '../queues/delivery.ts'
import { createPopAcks } from './pop-acks.ts'
import type { AckRequests } from './pop-acks.ts'
import { popDelayMs } from './pop-delays.ts'
import { INVISIBLE_BOUNDS } from './pop-invisible.ts'
import { createLapses } from './pop-lapses.ts'
import type { Lapsing } from './pop-lapses.ts'

/** A released message is to come again at once: less than this is not worth a request, ms. */
const RELEASE_MS = 1_000
/** After a settlement that the broker did not take, ms. */
const RETRY_MS = 1_000

interface PopSettling extends AckRequests {
  /** Undefined: the broker knows no message by this handle. */
  readonly changeInvisible$: (handle: PopHandle, ms: number) => Observable<PopHandle | undefined>
  /** Stores a copy among the dead letters of the group. */
  readonly deadLetter$: (delivery: QueueDelivery) => Observable<unknown>
}

export interface PopCustodyOptions extends PopSettling {
  readonly queue: MessageQueue
  readonly invisibleMs: number
  /** Redeliveries before a message goes to the dead letters. */
  readonly maxAttempts: number
  readonly budget: Pick<QueueBudget, 'give'>
  readonly onFailure: (where: 'ack' | 'send-back' | 'stall', error: unknown, delivery: QueueDelivery) => void
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

interface InHand extends Lapsing {
  readonly delivery: QueueDelivery
  /** Renewed by each extension: only the newest one counts. */
  handle: PopHandle
  lapsesAt: number
  /** Completes when an extension under way has its answer. */
  changing$: Observable<never>
}

/**
 * What of one popped queue is in hand, and what settling it asks of the broker. A delivery is ours until its invisible time
 * is over: a settlement that the broker did not take is tried again until then, and then the delivery is let go.
 *
 * The broker has no dead letters for what is popped, and no last attempt. As Apache's proxy does, we store a copy among the
 * group's dead letters (CONSUMER_SEND_MSG_BACK, level -1), then acknowledge.
 */
export const createPopCustody = (options: PopCustodyOptions) => {
  const { queue, invisibleMs, maxAttempts, budget, changeInvisible$, deadLetter$, onFailure, scheduler, asap } = options
  const acked$ = createPopAcks(options, asap)
  const inHand = new Map<QueueDelivery, InHand>()
  const settlements = new Subject<void>()
  const gone = new Subject<InHand>()

  // ---- the end of a delivery

  const leave = (one: InHand, settlement: Settlement): boolean => {
    const { delivery } = one
    if (!inHand.delete(delivery)) return false
    gone.next(one)
    if (inHand.size === 0) lapses.changed()
    delivery.finish(settlement)
    budget.give(1, delivery.bytes)
    return true
  }
  const settled = (one: InHand, settlement: Settlement): void => {
    if (leave(one, settlement)) settlements.next()
  }
  /** Nobody's any more: it comes again. */
  const letGo = (one: InHand, reason: unknown): void => {
    if (!leave(one, 'released')) return
    one.delivery.lose(reason) // what is decided from here on counts for nothing
    settlements.next()
  }
  const lapse = (one: InHand): void => {
    const { delivery } = one
    const error = operationTimeout('settling a popped message', invisibleMs, {
      topic: delivery.topic,
      queue: queueKey(queue),
      offset: delivery.offset.toString(),
      advice: 'extend$ it while you work on it, or raise invisibleMs; it comes again',
    })
    if (delivery.decision === undefined) onFailure('stall', error, delivery)
    letGo(one, error)
  }
  const lapses = createLapses(() => inHand.values(), lapse, scheduler)

  // ---- what the broker is asked

  /** After an extension under way, again and again while the delivery is ours. */
  const insist$ = <T>(one: InHand, where: 'ack' | 'send-back', ask: () => Observable<T>): Observable<T> =>
    concat(
      defer(() => one.changing$),
      defer(ask),
    ).pipe(
      tap({ error: (error: unknown) => onFailure(where, error, one.delivery) }),
      retry({ delay: () => timer(RETRY_MS, scheduler) }),
      takeUntil(gone.pipe(filter(other => other === one))),
    )
  const whenDone = (done$: Observable<unknown>, one: InHand, settlement: Settlement): void =>
    void done$.subscribe({ complete: () => settled(one, settlement), error: () => undefined })

  const ack$ = (one: InHand): Observable<unknown> => insist$(one, 'ack', () => acked$(one.handle))
  const hide$ = (one: InHand, ms: number): Observable<unknown> =>
    insist$(one, 'send-back', () => changeInvisible$(one.handle, ms))
  const bury$ = (one: InHand): Observable<unknown> =>
    concat(
      insist$(one, 'send-back', () => deadLetter$(one.delivery)),
      defer(() => (inHand.has(one.delivery) ? ack$(one) : EMPTY)),
    )
  const withHand = (delivery: QueueDelivery, act: (one: InHand) => void): void => {
    const one = inHand.get(delivery)
    if (one !== undefined) act(one)
  }

  const extend$ = (delivery: QueueDelivery, byMs: number): Observable<void> =>
    defer(() => {
      checkedInt('byMs', byMs, invisibleMs, INVISIBLE_BOUNDS)
      const one = inHand.get(delivery)
      if (one === undefined || delivery.decision !== undefined) return throwError(tooLate)
      const changed = new ReplaySubject<PopHandle | undefined>(1)
      const before$ = one.changing$
      one.changing$ = changed.pipe(
        catchError(() => EMPTY), // told to who asked for it
        ignoreElements(),
      )
      // Carried through whoever waits: the answer names the handle that counts from here on.
      concat(
        before$,
        defer(() => changeInvisible$(one.handle, byMs)),
      )
        .pipe(
          tap(handle => {
            if (handle === undefined) return
            one.handle = handle
            one.lapsesAt = scheduler.now() + byMs
            if (inHand.has(delivery)) lapses.changed()
          }),
          takeUntil(gone.pipe(filter(other => other === one))),
        )
        .subscribe(changed)
      return changed.pipe(
        map(handle => {
          if (handle === undefined) throw tooLate()
        }),
        throwIfEmpty(tooLate),
      )
    })
  const tooLate = () => illegal('extend$ comes too late: the delivery is settled, or its invisible time is over')

  return {
    settler: {
      queue,
      maxAttempts,
      acked: (delivery: QueueDelivery) => withHand(delivery, one => whenDone(ack$(one), one, 'acked')),
      /** @param level Java's: a place in the table of delays, 0 for the number of deliveries */
      sendBack: (delivery: QueueDelivery, level: number, afterMs?: number) =>
        withHand(delivery, one => {
          if (delivery.decision === 'dead-lettered') return whenDone(bury$(one), one, 'dead-lettered')
          const delayMs = afterMs ?? popDelayMs(level === 0 ? delivery.stored.reconsumeTimes : level)
          return whenDone(hide$(one, Math.max(RELEASE_MS, Math.ceil(delayMs))), one, 'retry-scheduled')
        }),
      released: (delivery: QueueDelivery) =>
        withHand(delivery, one => whenDone(hide$(one, RELEASE_MS), one, 'released')),
      extend$,
    },
    extend$,
    add: (popped: readonly { readonly delivery: QueueDelivery; readonly handle: PopHandle }[]): void => {
      const lapsesAt = scheduler.now() + invisibleMs
      for (const { delivery, handle } of popped) {
        inHand.set(delivery, { delivery, handle, lapsesAt, changing$: EMPTY })
      }
      lapses.changed()
    },
    /** Not wanted at all: acknowledged without being delivered. */
    dismiss$: (handle: PopHandle): Observable<void> => acked$(handle),
    settling: (): number => inHand.size,
    settlements$: settlements.asObservable(),
    /** Releases what is not decided: all of it, or only what nobody has begun to work on. */
    release: (which: 'all' | 'unbegun'): void => {
      for (const delivery of inHand.keys()) if (which === 'all' || delivery.startedAt === undefined) delivery.release()
    },
    /** Takes everything away. */
    letGoAll: (reason: Error): void => {
      for (const one of [...inHand.values()]) letGo(one, reason)
      lapses.close()
    },
  }
}
