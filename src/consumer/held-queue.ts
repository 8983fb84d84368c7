import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  map,
  merge,
  Observable,
  of,
  race,
  retry,
  Subject,
} from 'rxjs'
import { switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import type Long from 'long'
import type { Pulled } from '../broker/pulling.ts'
import { decodeFailed, isRocketError } from '../errors.ts'
import type { Inbound } from '../messages/message.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { ReportedEvent } from '../observability/events.ts'
import type { MessageQueue } from '../protocol/routes.ts'
import type { StoredMessage } from '../protocol/stored-message.ts'
import type { QueueBudget } from './budget.ts'
import { QueueDelivery } from './delivery.ts'
import type { Settlement, Settler } from './delivery.ts'
import { pullLoop$ } from './pull-loop.ts'
import type { Page } from './pull-loop.ts'
import { progressOf } from './queue-progress.ts'
import type { QueueProgress } from './queue-progress.ts'
import type { StartPosition } from './start-position.ts'
import { createWindow } from './window.ts'
import type { Window } from './window.ts'

/** What a held queue needs of its consumer. */
export interface HeldQueueContext {
  readonly startPosition$: (queue: MessageQueue) => Observable<StartPosition>
  /** `held`: the broker may hold it until a message comes. */
  readonly pull$: (queue: MessageQueue, offset: Long, max: number, held: boolean) => Observable<Pulled>
  readonly sendBack$: (delivery: QueueDelivery, delayLevel: number) => Observable<void>
  readonly commit$: (queue: MessageQueue, offset: Long) => Observable<void>
  readonly accepts: (stored: StoredMessage) => boolean
  readonly topicOf: (stored: StoredMessage) => string
  readonly read: (stored: StoredMessage, queue: QueueRef, topic: string) => Inbound
  readonly budget: QueueBudget
  readonly span: number
  readonly report: (event: ReportedEvent) => void
  readonly group: string
  readonly drainMs: number
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

/** After a failed pull or start, as Java's pullTimeDelayMillsWhenException, ms. */
export const RETRY_MS = 1_000
/** After FLOW_CONTROL, as Java, ms. */
const FLOW_CONTROL_MS = 20
/** After a failed send-back, as Java, ms. */
const SEND_BACK_RETRY_MS = 5_000

export interface HeldQueue {
  readonly queue: MessageQueue
  /** Pulls until revoked, then waits (bounded) for what is in hand, commits, and completes. */
  run$(revoked$: Observable<void>): Observable<readonly QueueDelivery[]>
  /** Tells the broker the commit point, if it changed. One value or none; errors when it failed. */
  commit$(): Observable<void>
  progress(): QueueProgress | undefined
  /** Deliveries whose settlement is not done: undecided, or the broker has not confirmed it. */
  settling(): number
  /** Emits when a settlement is done. */
  readonly settlements$: Observable<unknown>
  /** Releases what nobody is at work on: the work has ended. */
  releaseRest(): void
  /** Aborts what is in hand and gives its credits back. It comes again. */
  close(): void
}

export const createHeldQueue = (queue: MessageQueue, context: HeldQueueContext): HeldQueue => {
  const { budget, report, group, scheduler, asap } = context
  const settlements = new Subject<void>()
  const closes = new Subject<void>()
  const inHand = new Set<QueueDelivery>()
  let window: Window<QueueDelivery> | undefined
  let committed: Long | undefined
  let maxOffset: Long | undefined
  let pulledTo: Long | undefined // a page that arrived is in the window a hop later

  const failure = (where: 'start-position' | 'pull' | 'decode' | 'send-back' | 'commit', error: unknown): void =>
    report({ type: 'consumer-failure', group, where, error, queue })

  // ---- settling

  const settled = (delivery: QueueDelivery, settlement: Settlement): void => {
    if (!inHand.delete(delivery)) return // the queue was given up: whoever has it now decides
    window?.settle(delivery)
    delivery.finish(settlement)
    budget.give(1, delivery.bytes)
    settlements.next()
  }
  const settler: Settler = {
    queue,
    read: delivery => context.read(delivery.stored, queue, delivery.topic),
    acked: delivery => settled(delivery, 'acked'),
    released: delivery => {
      delivery.finish('released') // stays in hand: the commit point must not pass it
      settlements.next()
    },
    sendBack: (delivery, delayLevel) => {
      const settlement = delayLevel < 0 ? 'dead-lettered' : 'retry-scheduled'
      context
        .sendBack$(delivery, delayLevel)
        .pipe(
          tap({ error: (error: unknown) => failure('send-back', error) }),
          retry({ delay: () => timer(SEND_BACK_RETRY_MS, scheduler) }), // kept, its credit stays taken
          takeUntil(closes),
        )
        .subscribe({ next: () => settled(delivery, settlement), error: () => undefined })
    },
  }

  // ---- pulling

  const toPage = (pulled: Pulled): Page<QueueDelivery> => {
    maxOffset = pulled.maxOffset
    pulledTo = pulled.nextBeginOffset
    const entries = pulled.messages
      .filter(stored => context.accepts(stored))
      .map(stored => new QueueDelivery(stored, context.topicOf(stored), settler))
    if (pulled.failure === undefined) {
      const nextOffset = pulled.nextBeginOffset
      const caughtUp = pulled.status === 'NO_NEW_MSG' || nextOffset.greaterThanOrEqual(pulled.maxOffset)
      return { entries, nextOffset, caughtUp }
    }
    // Damaged: what stands before it is delivered, and nothing is skipped: the next pull begins at the damage.
    const last = pulled.messages.at(-1)
    if (last === undefined)
      throw decodeFailed(`queue ${queueKey(queue)} cannot be read on: ${pulled.failure.message}`, {
        cause: pulled.failure,
      })
    failure('decode', pulled.failure)
    return { entries, nextOffset: last.queueOffset.add(1) }
  }
  const inSpan = (max: number): number => {
    if (window === undefined) return max
    const left = context.span - (pulledTo ?? window.nextOffset()).subtract(window.commitPoint()).toNumber()
    return Math.min(max, Math.max(0, left))
  }
  const pausing = {
    ...budget,
    room: (): number => inSpan(budget.room()),
    whenRoom: (resume: () => void): (() => void) => whenBoth(resume),
  }
  /** Room in the budget and in the span. The span opens only by a settlement of this queue, which looks at both anew. */
  const whenBoth = (resume: () => void): (() => void) => {
    const roomInBudget$ = new Observable<void>(sink => budget.whenRoom(() => sink.next()))
    const open$ = merge(of(undefined), settlements).pipe(
      switchMap(() => (pausing.room() > 0 ? of(undefined) : roomInBudget$)),
      filter(() => pausing.room() > 0),
      take(1),
    )
    const waiting = open$.subscribe({ next: resume, error: () => undefined })
    return () => waiting.unsubscribe()
  }

  const pages$ = (from: Long): Observable<Page<QueueDelivery>> =>
    defer(() => {
      window = createWindow<QueueDelivery>(from)
      return pullLoop$<QueueDelivery>({
        pull$: (offset, max, held) =>
          context.pull$(queue, offset, max, held).pipe(map(pulled => moved(pulled) ?? toPage(pulled))),
        from,
        budget: pausing,
        bytesOf: delivery => delivery.bytes,
        onError: error => {
          failure('pull', error)
          return isRocketError(error) && error.responseCode === 215 ? FLOW_CONTROL_MS : RETRY_MS
        },
        scheduler,
        asap,
      }).pipe(
        tap(({ entries, nextOffset }) => {
          window?.add(entries, nextOffset)
          for (const entry of entries) inHand.add(entry)
        }),
      )
    })

  /** The offset was outside the queue: the broker says where to go on. What is in hand of the old place is let go. */
  const moved = (pulled: Pulled): Page<QueueDelivery> | undefined => {
    if (pulled.status !== 'OFFSET_ILLEGAL') return undefined
    const { nextBeginOffset } = pulled
    report({
      type: 'offset-corrected',
      group,
      queue,
      from: window?.nextOffset().toString() ?? '',
      to: nextBeginOffset.toString(),
    })
    letGo(new Error('the offset moved'))
    window = createWindow(nextBeginOffset)
    pulledTo = nextBeginOffset
    maxOffset = pulled.maxOffset
    return { entries: [], nextOffset: nextBeginOffset }
  }

  const letGo = (reason: Error): void => {
    closes.next()
    for (const delivery of inHand) {
      budget.give(1, delivery.bytes)
      delivery.abort(reason)
    }
    inHand.clear()
  }

  const commit$ = (): Observable<void> =>
    defer(() => {
      const offset = window?.commitPoint()
      if (offset === undefined || committed?.equals(offset) === true) return EMPTY
      return context.commit$(queue, offset).pipe(
        tap({
          next: () => (committed = offset),
          error: (error: unknown) => failure('commit', error),
        }),
      )
    })

  const started$ = defer(() => context.startPosition$(queue)).pipe(
    tap({ error: (error: unknown) => failure('start-position', error) }),
    retry({ delay: () => timer(RETRY_MS, scheduler) }),
    tap(({ offset, reason }) => {
      if (reason === 'committed') committed = offset
      report({ type: 'start-position', group, queue, offset: offset.toString(), reason })
    }),
    switchMap(start => (start.reason === 'last' ? remembered$(start) : of(start))),
  )
  /** `last` is decided once: who takes over before the first commit must begin here, and not at a later end. */
  const remembered$ = (start: StartPosition): Observable<StartPosition> =>
    context.commit$(queue, start.offset).pipe(
      catchError((error: unknown) => {
        failure('commit', error)
        return of(undefined) // the next commit tries again
      }),
      map(() => start),
    )
  const emptyHanded$ = merge(of(undefined), settlements).pipe(filter(() => pending() === 0))
  const pending = (): number => [...inHand].filter(delivery => delivery.decision !== 'released').length

  const run$ = (revoked$: Observable<void>): Observable<readonly QueueDelivery[]> =>
    concat(
      started$.pipe(
        switchMap(({ offset }) => pages$(offset)),
        filter(page => page.entries.length > 0),
        map(page => page.entries),
        takeUntil(revoked$),
      ),
      defer(() => race(emptyHanded$, timer(context.drainMs, scheduler))).pipe(take(1), ignoreElements()),
      defer(commit$).pipe(
        retry({ count: 1 }),
        ignoreElements(),
        catchError(() => EMPTY), // reported; the next owner gets them again
      ),
    )

  return {
    queue,
    run$,
    commit$,
    settling: pending,
    settlements$: settlements.asObservable(),
    progress: () => progressOf(queue, window, committed, maxOffset, inHand.size),
    releaseRest: () => {
      for (const delivery of inHand) delivery.release()
    },
    close: () => {
      letGo(new Error('the consumer stopped'))
      budget.close()
    },
  }
}
