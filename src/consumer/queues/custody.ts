import { retry, Subject, takeUntil, tap, throwError, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type Long from 'long'
import { illegal } from '../../errors.ts'
import type { Inbound } from '../../messages/message.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import type { QueueBudget } from './budget.ts'
import type { QueueDelivery, Settlement, Settler } from './delivery.ts'
import { oneMore } from './trouble.ts'
import { createWindow } from './window.ts'
import type { Window } from './window.ts'

/** After a failed send-back, as Java, ms. */
const SEND_BACK_RETRY_MS = 5_000
/** Overdue deliveries that one look finds at most, as Java's cleanExpiredMsg. */
const OVERDUE_AT_ONCE = 16

export interface CustodyOptions {
  readonly queue: QueueRef
  readonly read: (stored: StoredMessage, queue: QueueRef, topic: string) => Inbound
  /** Absent where nothing can be sent back: what would be, is dropped, and told. */
  readonly sendBack$: ((delivery: QueueDelivery, delayLevel: number) => Observable<void>) | undefined
  readonly maxAttempts: number
  /** What was handed out counts as done. */
  readonly atMostOnce: boolean
  readonly budget: Pick<QueueBudget, 'give' | 'close'>
  readonly onFailure: (where: 'send-back', error: unknown, delivery: QueueDelivery) => void
  readonly scheduler: SchedulerLike
}

/** What of one queue is in hand, and what settling it does. */
export interface Custody {
  readonly settler: Settler
  /** The queue is read from here. What is in hand of another place is let go, and settles nothing any more. */
  open(from: Long, reason: Error): void
  add(entries: readonly QueueDelivery[], nextOffset: Long): void
  /** At most once: what comes before this offset is handed out, and counts as done. */
  lead(nextOffset: Long): void
  window(): Window<QueueDelivery> | undefined
  readonly size: number
  /** Deliveries whose settlement is not done: undecided, or the broker has not confirmed it. */
  settling(): number
  /** Emits when a settlement is done. */
  readonly settlements$: Observable<void>
  /** The oldest that somebody began to work on before `startedBefore` and has not settled. */
  overdue(startedBefore: number): readonly QueueDelivery[]
  /** Releases what is not decided: all of it, or only what nobody has begun to work on. */
  release(which: 'all' | 'unbegun'): void
  /** Takes everything away: signals are aborted, credits given back. It comes again. */
  letGo(reason: Error): void
}

export const createCustody = (options: CustodyOptions): Custody => {
  const { queue, read, sendBack$, maxAttempts, atMostOnce, budget, onFailure, scheduler } = options
  const settlements = new Subject<void>()
  const lettingGo = new Subject<void>()
  const inHand = new Set<QueueDelivery>() // in order of offsets
  let window: Window<QueueDelivery> | undefined

  const settled = (delivery: QueueDelivery, settlement: Settlement): void => {
    if (!inHand.delete(delivery)) return // it was taken away: whoever has it now decides
    window?.settle(delivery)
    delivery.finish(settlement)
    budget.give(1, delivery.bytes)
    settlements.next()
  }
  const dropped = (delivery: QueueDelivery): void => {
    delivery.decision = 'dropped'
    const why = 'broadcasting has no retry and no dead letters: the message counts as done'
    onFailure('send-back', illegal(`offset ${delivery.offset.toString()} of ${queueKey(queue)}: ${why}`), delivery)
    settled(delivery, 'dropped')
  }
  const sentBack = (delivery: QueueDelivery, delayLevel: number, back$: NonNullable<typeof sendBack$>): void => {
    back$(delivery, delayLevel)
      .pipe(
        tap({
          error: (error: unknown) => {
            onFailure('send-back', error, delivery)
            delivery.trouble = oneMore(delivery.trouble, error, scheduler.now())
          },
        }),
        retry({ delay: () => timer(SEND_BACK_RETRY_MS, scheduler) }), // kept, its credit stays taken
        takeUntil(lettingGo),
      )
      .subscribe({
        next: () => settled(delivery, delivery.decision ?? 'retry-scheduled'),
        error: () => undefined,
      })
  }
  const letGo = (reason: Error): void => {
    lettingGo.next()
    const gone = [...inHand]
    inHand.clear()
    for (const delivery of gone) {
      budget.give(1, delivery.bytes)
      delivery.lose(reason)
    }
  }

  return {
    settler: {
      queue,
      maxAttempts,
      read: delivery => read(delivery.stored, queue, delivery.topic),
      acked: delivery => settled(delivery, 'acked'),
      released: delivery => {
        delivery.finish('released') // stays in hand: the commit point must not pass it
        settlements.next()
      },
      sendBack: (delivery, delayLevel) => {
        if (sendBack$ === undefined) dropped(delivery)
        else sentBack(delivery, delayLevel, sendBack$)
      },
      extend$: () =>
        throwError(() => illegal("extend$ is for acknowledge: 'pop': a queue that is held is held anyway")),
    },
    open: (from, reason) => {
      letGo(reason)
      window = createWindow(from)
    },
    add: (entries, nextOffset) => {
      if (!atMostOnce) window?.add(entries, nextOffset)
      for (const entry of entries) inHand.add(entry)
    },
    lead: nextOffset => window?.add([], nextOffset),
    window: () => window,
    get size() {
      return inHand.size
    },
    settling: () => {
      let count = 0
      for (const { decision } of inHand) if (decision !== 'released') count++
      return count
    },
    settlements$: settlements.asObservable(),
    overdue: startedBefore => {
      const found: QueueDelivery[] = []
      for (const delivery of inHand) {
        if (delivery.decision !== undefined) continue
        if (delivery.startedAt === undefined || delivery.startedAt > startedBefore) continue // it may wait for another of its key
        if (found.push(delivery) === OVERDUE_AT_ONCE) break
      }
      return found
    },
    release: which => {
      for (const delivery of inHand) if (which === 'all' || delivery.startedAt === undefined) delivery.release()
    },
    letGo,
  }
}
