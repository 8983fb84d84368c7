import { catchError, concat, concatMap, defer, distinctUntilChanged, EMPTY, filter, ignoreElements, map } from 'rxjs'
import { merge, of, race, retry, Subject, switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import { lockLost } from '../../errors.ts'
import type { Inbound } from '../../messages/message.ts'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import { createCustody } from './custody.ts'
import type { QueueDelivery } from './delivery.ts'
import type { Page } from './pull-loop.ts'
import { createQueueCommits } from './queue-commits.ts'
import { createQueueDeparture } from './queue-departure.ts'
import { createQueuePages, RETRY_MS } from './queue-pages.ts'
import type { QueuePagesContext } from './queue-pages.ts'
import { progressOf } from './queue-progress.ts'
import type { QueueProgress } from './queue-progress.ts'
import type { QueueFacts } from './explained.ts'
import type { StartPosition } from '../offsets/start-position.ts'
import { oneMore } from './trouble.ts'
import type { Trouble } from './trouble.ts'

/** What a held queue needs of its consumer. */
export interface HeldQueueContext extends QueuePagesContext {
  readonly startPosition$: (queue: MessageQueue) => Observable<StartPosition>
  /** Absent where nothing can be sent back. */
  readonly sendBack$: ((delivery: QueueDelivery, delayLevel: number) => Observable<void>) | undefined
  readonly maxAttempts: number
  readonly commit$: (queue: MessageQueue, offset: Long) => Observable<void>
  readonly read: (stored: StoredMessage, queue: QueueRef, topic: string) => Inbound
  /** Whether this member alone may consume the queue, now and whenever that changes. Absent: nobody locks. */
  readonly locked$?: ((queue: MessageQueue) => Observable<boolean>) | undefined
  /** Gives the lock up. */
  readonly unlock$?: ((queue: MessageQueue) => Observable<never>) | undefined
  /** Progress is committed before messages are handed out. */
  readonly atMostOnce?: boolean | undefined
  /** Whether a user wants it to rest. */
  readonly isPaused?: ((queue: QueueRef) => boolean) | undefined
  /** Consumed is what it is told to be (`consumed`), and not what is settled. */
  readonly polled?: boolean | undefined
  /** Default true. `false`: progress is told when the application says so, and then what it was at that time. */
  readonly autoCommit?: boolean
  readonly drainMs: number
}

export interface HeldQueue {
  readonly queue: MessageQueue
  /** Pulls until revoked, then waits (bounded) for what is in hand, commits, and completes. */
  run$(revoked$: Observable<void>): Observable<readonly QueueDelivery[]>
  /** Nobody reads it any more: releases what is in hand, and when it is revoked, commits. */
  rest$(revoked$: Observable<unknown>): Observable<never>
  /** Tells the broker the commit point, if it changed. One value or none; errors when it failed. */
  commit$(): Observable<void>
  /** The same for the last time, also while it goes to another member. What fails is reported. */
  farewell$(): Observable<never>
  /** Where it has to be said: everything below this offset is consumed, or else what is settled now. The next commit tells it. */
  consumed(below?: Long): void
  /** Whether there is progress that the broker has not confirmed. */
  isAhead(): boolean
  /** Goes on from another offset, as soon as it is read: what is in hand is let go. */
  seek(offset: Long): void
  /** Does not wait for what the broker holds: what is subscribed to has changed. */
  pullAgain(): void
  pause(): void
  resume(): void
  progress(): QueueProgress | undefined
  /** What is known of why it stands where it stands; nothing of a queue that is popped. */
  facts(): QueueFacts | undefined
  /** Deliveries whose settlement is not done: undecided, or the broker has not confirmed it. */
  settling(): number
  /** Emits when a settlement is done. */
  readonly settlements$: Observable<unknown>
  /** Deliveries that somebody works on since before that, ms, oldest first. */
  overdue(startedBefore: number): readonly QueueDelivery[]
  /** Releases what is not decided: all of it, or only what nobody has begun to work on. */
  release(which: 'all' | 'unbegun'): void
  /** Aborts what is in hand and gives its credits back. It comes again. */
  close(): void
}

export const createHeldQueue = (queue: MessageQueue, context: HeldQueueContext): HeldQueue => {
  const { budget, report, group, scheduler, atMostOnce = false, locked$, unlock$, polled, autoCommit = true } = context
  const isSaid = polled === true || !autoCommit
  const seeks = new Subject<Long>()
  let sought: Long | undefined // by a user, until a broker knows: outlasts a lock that is waited for, or lost
  let consumedBelow: Long | undefined // where it is said, and not settled
  let openedAt: Long | undefined
  let isReading = false
  let isLocked = locked$ === undefined
  let phase: QueueFacts['phase'] = 'unread'
  let starting: Trouble | undefined
  let committing: Trouble | undefined

  const failure = (where: 'start-position' | 'send-back' | 'commit' | 'lock', error: unknown, offset?: Long): void => {
    const at = offset === undefined ? {} : { offset: offset.toString() }
    report({ type: 'consumer-failure', group, where, error, queue, ...at })
  }
  const custody = createCustody({
    queue,
    read: context.read,
    sendBack$: context.sendBack$,
    maxAttempts: context.maxAttempts,
    atMostOnce,
    budget,
    onFailure: (where, error, { offset }) => failure(where, error, offset),
    scheduler,
  })
  const pages = createQueuePages(queue, custody, context)
  if (context.isPaused?.(queue) === true) pages.pause()

  // ---- where it begins, and how far it came

  const commits = createQueueCommits({
    tell$: offset =>
      defer(() => {
        const then = sought
        return context.commit$(queue, offset).pipe(
          tap(() => {
            sought = sought === then ? undefined : sought
            committing = undefined
          }),
        )
      }),
    onFailure: error => {
      failure('commit', error)
      committing = oneMore(committing, error, scheduler.now())
    },
  })
  /** Where it stands; nowhere before it is read, nor while another member may read it and be further. */
  const settledBelow = (): Long | undefined => (isReading ? custody.window()?.commitPoint() : undefined)
  const standing = (): Long | undefined => (isSaid ? consumedBelow : settledBelow())
  const moved = (): Long | undefined => {
    const at = standing()
    return sought === undefined && openedAt !== undefined && at?.equals(openedAt) === true ? undefined : at
  }
  const started$ = defer(() => context.startPosition$(queue)).pipe(
    tap({
      error: (error: unknown) => {
        failure('start-position', error)
        starting = oneMore(starting, error, scheduler.now())
      },
    }),
    retry({ delay: () => timer(RETRY_MS, scheduler) }),
    tap(({ offset, reason }) => {
      starting = undefined
      if (reason === 'committed') commits.known(offset)
      report({ type: 'start-position', group, queue, offset: offset.toString(), reason })
    }),
    switchMap(start => (start.reason === 'last' && mayRemember() ? remembered$(start) : of(start))),
  )
  /** Not where only the application commits. */
  const mayRemember = (): boolean => sought === undefined && autoCommit
  /** `last` is decided once: who takes over before the first commit must begin here, and not at a later end. */
  const remembered$ = (start: StartPosition): Observable<StartPosition> =>
    commits.tell$(start.offset).pipe(
      catchError(() => of(undefined)), // reported; the next commit tries again
      map(() => start),
    )
  /** At most once: what cannot be committed is not handed out yet. */
  const committedFirst$ = (page: Page<QueueDelivery>): Observable<Page<QueueDelivery>> =>
    (page.entries.length === 0 ? of(undefined) : commits.tell$(page.nextOffset)).pipe(
      retry({ delay: () => timer(RETRY_MS, scheduler) }),
      tap(() => custody.lead(page.nextOffset)),
      map(() => page),
    )

  // ---- from lock to lock

  const pagesFrom$ = (offset: Long): Observable<Page<QueueDelivery>> => {
    isReading = true
    openedAt = offset
    const page$ = pages.pages$(offset)
    return atMostOnce ? page$.pipe(concatMap(committedFirst$)) : page$
  }
  const reading$ = defer(() => started$).pipe(
    switchMap(({ offset }) => merge(of(sought ?? offset), seeks)),
    switchMap(pagesFrom$),
    filter(({ entries }) => entries.length > 0),
    map(({ entries }) => entries),
  )
  /** Without the lock nothing is consumed: another member may have it. */
  const lost$ = defer((): Observable<never> => {
    const error = lockLost(queueKey(queue))
    isReading = false
    consumedBelow = undefined // another member may be further
    if (custody.size > 0) failure('lock', error)
    custody.letGo(error)
    return EMPTY
  })
  const whileLocked$ =
    locked$ === undefined
      ? reading$
      : defer(() => locked$(queue)).pipe(
          distinctUntilChanged(),
          tap(now => (isLocked = now)),
          switchMap(now => (now ? reading$ : lost$)),
        )
  const departure = createQueueDeparture({
    commits,
    standing,
    moved,
    position$: defer(() => context.startPosition$(queue)),
    isLocked: locked$ !== undefined,
  })
  const left$ = concat(
    departure.last$(),
    defer(() => unlock$?.(queue) ?? EMPTY),
  )
  const emptyHanded$ = merge(of(undefined), custody.settlements$).pipe(filter(() => custody.settling() === 0))

  return {
    queue,
    run$: revoked$ =>
      concat(
        defer(() => {
          phase = 'reading'
          return whileLocked$
        }).pipe(takeUntil(revoked$)),
        merge(
          departure.begin$(),
          defer(() => {
            phase = 'leaving'
            return race(emptyHanded$, timer(context.drainMs, scheduler))
          }).pipe(take(1)),
        ).pipe(ignoreElements()),
        left$,
      ),
    rest$: revoked$ =>
      defer(() => {
        custody.release('all')
        return concat(revoked$.pipe(take(1), ignoreElements()), departure.begin$(), left$)
      }),
    commit$: () => (departure.isShared() ? EMPTY : commits.catchUp$(standing)),
    farewell$: () => (departure.isShared() ? departure.last$() : commits.farewell$(standing)),
    consumed: below => {
      consumedBelow = below ?? settledBelow() ?? consumedBelow
    },
    isAhead: () => {
      const at = moved()
      return at !== undefined && !departure.isOvertaken() && commits.committed?.equals(at) !== true
    },
    seek: offset => {
      sought = offset
      seeks.next(offset)
    },
    pullAgain: () => pages.pullAgain(),
    pause: () => pages.pause(),
    resume: () => pages.resume(),
    settling: () => custody.settling(),
    settlements$: custody.settlements$,
    overdue: startedBefore => custody.overdue(startedBefore),
    progress: () => {
      const state = {
        unsettled: custody.size,
        committed: commits.committed,
        maxOffset: pages.maxOffset(),
        paused: pages.isPaused(),
        locked: isLocked,
        lastPullAt: pages.lastPullAt(),
      }
      return progressOf(queue, custody.window(), state)
    },
    facts: () => ({
      now: scheduler.now(),
      phase,
      locked: isLocked,
      paused: pages.isPaused(),
      atMostOnce,
      autoCommit,
      full: pages.full(),
      commitPoint: custody.window()?.commitPoint(),
      committed: commits.committed,
      maxOffset: pages.maxOffset(),
      waitsFor: custody.window()?.oldest()?.waits,
      unsettled: custody.size,
      starting,
      pulling: pages.trouble(),
      committing,
    }),
    release: which => custody.release(which),
    close: () => {
      custody.letGo(new Error('the consumer stopped'))
      budget.close()
    },
  }
}
