import type Long from 'long'
import type { Observable } from 'rxjs'
import type { CloseReport } from '../client/shared-client.ts'
import type { OffsetLike, QueueRef } from '../messages/offsets.ts'
import type { AssignmentReason, ClientEvent } from '../observability/events.ts'
import type { ConsumeStats } from './group/consume-stats.ts'
import type { Delivery } from './queues/delivery.ts'
import type { OffsetMetrics } from './offsets/offset-cache.ts'
import type { ExplainDoor } from './queues/explained.ts'
import type { ProcessBatchOptions, ProcessOptions } from './handling/process-options.ts'
import type { BatchHandler, Handler, Processed } from './queues/handler.ts'
import type { FetchDoor } from './pull/fetch-options.ts'
import type { QueueProgress } from './queues/queue-progress.ts'
import type { QueueStream } from './handling/queue-stream.ts'
import type { SubscriptionSet } from './subscriptions/subscription-set.ts'
import type { ReceiveOptions } from './handling/receive-options.ts'

/** The queues that this member holds, and what changed. */
export interface Assignments {
  /** What is held, also what still winds up because it goes to another member. */
  readonly current: readonly QueueRef[]
  /** Told before anything of them is pulled; those of one decision together. */
  readonly added: readonly QueueRef[]
  /** Told when they are wound up: nothing is in hand any more, or `timing.drainMs` are over; committed, unlocked. */
  readonly removed: readonly QueueRef[]
  /** `none` as long as nothing changed. */
  readonly reason: AssignmentReason | 'none'
}

/** What went wrong in a consumer without ending anything; `where` says in which step. */
export type ConsumerFailure = Extract<ClientEvent, { type: 'consumer-failure' }>

/** A place in queues. */
export type SeekTo = 'first' | 'last' | Date | Exclude<OffsetLike, string>

/** Where a queue is read from now. */
export interface SoughtQueue {
  readonly queue: QueueRef
  readonly offset: Long
}

/**
 * A member of a group, while one of its streams is subscribed to: one at a time; a second one fails with
 * ERR_RMQ_ALREADY_CONSUMING, a later one waits for the end of the former.
 */
export interface Consumer<D extends Delivery = Delivery> extends ExplainDoor, FetchDoor<D>, AsyncDisposable {
  readonly group: string
  /**
   * Joins the group and runs the handler on every message. A handler's failure is a policy (`onError`), never the end of
   * the stream. Stop with `until`: finishes what runs, commits, leaves, completes. Unsubscribing stops at once: what is
   * in hand comes again, here or elsewhere.
   */
  process$(handler: Handler<D>, options?: ProcessOptions<D>): Observable<Processed<D>>
  /** The same with several messages at once, one result for each of them. */
  processBatch$(handler: BatchHandler<D>, options?: ProcessBatchOptions<D>): Observable<Processed<D>>
  /**
   * Joins the group and hands out every message. Whoever subscribes settles each delivery, or what it costs of `flow` is
   * never given back, and no more comes. `until` ends it gracefully; unsubscribing releases what is in hand.
   */
  messages$(options?: ReceiveOptions): Observable<D>
  /**
   * `messages$` for `for await`; the group is joined with the first message that is asked for. Each is to be settled.
   * `break`, `return` or a throw inside of the loop ends as `until` does, and the loop waits for that: what was not handed
   * out is released, what was is awaited, at most `timing.drainMs`.
   */
  messages(options?: ReceiveOptions): AsyncIterableIterator<D, undefined>
  /** `messages$` as one stream per queue that is held: it begins when the queue is assigned, and completes when it is revoked. */
  queues$(options?: ReceiveOptions): Observable<QueueStream<D>>
  /**
   * What this member holds, now and whenever that changes: a queue is `added` before it is pulled, and `removed` when it is
   * wound up and committed.
   */
  readonly assignments$: Observable<Assignments>
  /** What goes wrong without ending anything: pulls, commits, handlers, send-backs. */
  readonly failures$: Observable<ConsumerFailure>
  /** Where every held queue stands, now and every so many ms (default 1,000). */
  lag$(everyMs?: number): Observable<readonly QueueProgress[]>
  /**
   * What it subscribes to, which may change while it runs: brokers are told, queues are shared out anew. All members of a
   * group have to change alike.
   */
  readonly subscriptions: SubscriptionSet
  /** What it has done of late: rates and times over a minute, an hour and a day, per topic and in total. */
  stats(): ConsumeStats
  /** The same, now and every so many ms (default 1,000). */
  stats$(everyMs?: number): Observable<ConsumeStats>
  /** How the keeping of offsets goes, since the group was joined; undefined while it does not run. */
  offsetMetrics(): OffsetMetrics | undefined
  /** Begins to count anew. */
  resetStats(): void
  /**
   * Pulls nothing more from these queues, or from any, now and as they are assigned; what is in hand goes on. The group
   * does not notice: membership does not depend on pulls.
   */
  pause(queues?: readonly QueueRef[]): void
  /** Takes back a pause, of these queues or of all. */
  resume(queues?: readonly QueueRef[]): void
  /**
   * Goes on from another place, in these queues or in all that are held: their first or last message, a time, or an offset.
   * What is in hand of them is let go, and settles nothing any more. Cold; emits where each queue stands now. Errors with
   * ERR_RMQ_ILLEGAL for a queue that is not held, ERR_RMQ_OFFSET for an offset outside one of the queues: all of them then
   * stay where they are.
   */
  seek$(to: SeekTo, queues?: readonly QueueRef[]): Observable<readonly SoughtQueue[]>
  /** `seek$`, at once. */
  seek(to: SeekTo, queues?: readonly QueueRef[]): Promise<readonly SoughtQueue[]>
  /** Tells brokers now how far every queue came. Cold; emits once when all of them know, or errors with the first failure. */
  commit$(): Observable<void>
  /** `commit$`, at once. */
  commit(): Promise<void>
  /** As `until`, for whatever runs; a later subscription may begin again. Cold; emits what was left. */
  drain$(options?: { readonly timeoutMs?: number }): Observable<CloseReport>
  /** `drain$`, at once. */
  drain(options?: { readonly timeoutMs?: number }): Promise<CloseReport>
  /** As `until`: awaits what is in hand (at most `timing.drainMs`), and tells what was left. */
  close(options?: { readonly drainMs?: number }): Promise<CloseReport>
}
