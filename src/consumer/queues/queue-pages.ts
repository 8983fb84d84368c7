import { defer, filter, map, merge, Observable, of, Subject, switchMap, take, takeUntil, tap } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import type Long from 'long'
import type { Pulled } from '../../broker/pulling.ts'
import { isRocketError } from '../../errors.ts'
import type { ReportedEvent } from '../../observability/events.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import type { FullLimit, QueueBudget } from './budget.ts'
import type { Custody } from './custody.ts'
import { QueueDelivery } from './delivery.ts'
import { pullLoop$ } from './pull-loop.ts'
import type { Page } from './pull-loop.ts'
import { pulledPage } from './pulled-page.ts'
import { oneMore } from './trouble.ts'
import type { Trouble } from './trouble.ts'

/** What reading a queue needs of its consumer. */
export interface QueuePagesContext {
  /** `held`: the broker may hold it until a message comes. */
  readonly pull$: (queue: MessageQueue, offset: Long, max: number, held: boolean) => Observable<Pulled>
  readonly accepts: (stored: StoredMessage) => boolean
  readonly topicOf: (stored: StoredMessage) => string
  readonly budget: QueueBudget
  /** From the oldest unsettled offset to the newest. */
  readonly span: number
  /** Between one pull that brought messages and the next, ms. Default 0. */
  readonly intervalMs?: number
  /** Told of every answer, for statistics: messages, and how long it took. */
  readonly onPulled?: ((queue: MessageQueue, messages: number, elapsedMs: number) => void) | undefined
  readonly report: (event: ReportedEvent) => void
  readonly group: string
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

/** After a failed pull or start, as Java's pullTimeDelayMillsWhenException, ms. */
export const RETRY_MS = 1_000
/** After FLOW_CONTROL, as Java, ms. */
const FLOW_CONTROL_MS = 20

export interface QueuePages {
  /** What the broker brings, from an offset on; what is in hand of another place is let go. */
  pages$(from: Long): Observable<Page<QueueDelivery>>
  /** One past the last message, as the broker said last. */
  maxOffset(): Long | undefined
  lastPullAt(): number | undefined
  /** Does not wait for what the broker holds: what is asked for has changed. */
  pullAgain(): void
  pause(): void
  resume(): void
  isPaused(): boolean
  /** The limit that leaves no room to pull. */
  full(): FullLimit | undefined
  /** Since when pulls fail, and why. */
  trouble(): Trouble | undefined
}

/** Reads one queue into custody while there is room for it, and while it is not paused. */
export const createQueuePages = (
  queue: MessageQueue,
  custody: Custody,
  {
    pull$,
    accepts,
    topicOf,
    budget,
    span,
    intervalMs = 0,
    onPulled,
    report,
    group,
    scheduler,
    asap,
  }: QueuePagesContext,
): QueuePages => {
  const resumes = new Subject<void>()
  const anew = new Subject<void>()
  let maxOffset: Long | undefined
  let pulledTo: Long | undefined // a page that arrived is in the window a hop later
  let lastPullAt: number | undefined
  let paused = false
  let trouble: Trouble | undefined

  const failure = (where: 'pull' | 'decode', error: unknown): void =>
    report({ type: 'consumer-failure', group, where, error, queue })

  const toPage = (pulled: Pulled, offset: Long): Page<QueueDelivery> => {
    maxOffset = pulled.maxOffset
    pulledTo = pulled.nextBeginOffset
    const { messages, nextOffset, damage } = pulledPage(pulled, queue, offset)
    const entries = messages.filter(accepts).map(stored => new QueueDelivery(stored, topicOf(stored), custody.settler))
    if (damage !== undefined) {
      failure('decode', damage) // what stands before it is delivered, and the next pull begins at it
      return { entries, nextOffset }
    }
    const caughtUp = pulled.status === 'NO_NEW_MSG' || nextOffset.greaterThanOrEqual(pulled.maxOffset)
    return { entries, nextOffset, caughtUp }
  }

  /** The offset was outside the queue: the broker says where to go on. */
  const moved = (pulled: Pulled): Page<QueueDelivery> | undefined => {
    if (pulled.status !== 'OFFSET_ILLEGAL') return undefined
    const { nextBeginOffset } = pulled
    const from = custody.window()?.nextOffset().toString() ?? ''
    report({ type: 'offset-corrected', group, queue, from, to: nextBeginOffset.toString() })
    custody.open(nextBeginOffset, new Error('the offset moved'))
    pulledTo = nextBeginOffset
    maxOffset = pulled.maxOffset
    return { entries: [], nextOffset: nextBeginOffset }
  }

  const spanned = (): number => {
    const window = custody.window()
    return window === undefined ? 0 : (pulledTo ?? window.nextOffset()).subtract(window.commitPoint()).toNumber()
  }
  const inSpan = (max: number): number => Math.min(max, Math.max(0, span - spanned()))
  const room = (): number => (paused ? 0 : inSpan(budget.room()))
  /** Room in the budget and in the span. The span opens only by a settlement of this queue, which looks at both anew. */
  const whenRoom = (resume: () => void): (() => void) => {
    const roomInBudget$ = new Observable<void>(sink => budget.whenRoom(() => sink.next()))
    const open$ = merge(of(undefined), custody.settlements$, resumes).pipe(
      switchMap(() => (room() > 0 ? of(undefined) : roomInBudget$)),
      filter(() => room() > 0),
      take(1),
    )
    const waiting = open$.subscribe({ next: resume, error: () => undefined })
    return () => waiting.unsubscribe()
  }

  const asked$ = (offset: Long, max: number, held: boolean): Observable<Page<QueueDelivery>> =>
    defer(() => {
      const askedAt = scheduler.now()
      return pull$(queue, offset, max, held).pipe(
        map(pulled => {
          lastPullAt = scheduler.now()
          trouble = undefined
          onPulled?.(queue, pulled.messages.length, lastPullAt - askedAt)
          return moved(pulled) ?? toPage(pulled, offset)
        }),
        takeUntil(anew),
      )
    })

  return {
    pages$: from =>
      defer(() => {
        custody.open(from, new Error('the queue is read from another offset'))
        pulledTo = undefined
        return pullLoop$<QueueDelivery>({
          pull$: asked$,
          from,
          budget: { ...budget, room, whenRoom },
          bytesOf: delivery => delivery.bytes,
          intervalMs,
          onError: error => {
            failure('pull', error)
            trouble = oneMore(trouble, error, scheduler.now())
            return isRocketError(error) && error.responseCode === RESPONSE.FLOW_CONTROL ? FLOW_CONTROL_MS : RETRY_MS
          },
          scheduler,
          asap,
        }).pipe(tap(({ entries, nextOffset }) => custody.add(entries, nextOffset)))
      }),
    maxOffset: () => maxOffset,
    lastPullAt: () => lastPullAt,
    pullAgain: () => anew.next(),
    pause: () => {
      paused = true
      anew.next() // what the broker holds is not waited for
    },
    resume: () => {
      paused = false
      resumes.next()
    },
    isPaused: () => paused,
    full: () => (spanned() < span ? budget.full() : { limit: 'span', most: span, taken: spanned() }),
    trouble: () => trouble,
  }
}
