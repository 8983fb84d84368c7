import type Long from 'long'
import type { Observable } from 'rxjs'
import type { Inbound } from '../../messages/message.ts'
import type { OffsetLike, QueueRef } from '../../messages/offsets.ts'
import type { SubscriptionSpec } from '../../messages/topic.ts'
import type { Consumer, SeekTo, SoughtQueue } from '../consumer.ts'
import type { QueueDoors } from '../queues/queue-doors.ts'

/** The messages that a subscription brings. */
export type InboundFrom<S> = S extends SubscriptionSpec<infer N, infer T> ? Inbound<N, T> : never

/** A queue, and the next offset of it to consume. */
export interface QueueOffset {
  readonly queue: QueueRef
  readonly offset: OffsetLike
}

type Shared = 'assignments$' | 'failures$' | 'lag$' | 'subscriptions' | 'offsetMetrics' | 'pause' | 'resume' | 'close'

/**
 * A member of a group that is asked for messages, as Java's lite pull consumer: it pulls ahead, as far as `flow` lets it,
 * and `poll$` hands out what is there. The group is joined with the first `poll$`, `seek$` or `start$`, and left by `close`.
 * A message that was handed out has no fate of its own: nothing is sent back, and progress is one offset per queue.
 */
export interface PullConsumer<M extends Inbound = Inbound>
  extends Pick<Consumer, Shared>, Pick<QueueDoors, 'queues$'>, AsyncDisposable {
  readonly group: string
  /** Joins the group. Cold; emits the queues that it begins with. Errors with ERR_RMQ_CLOSED when it is closed meanwhile. */
  start$(): Observable<readonly QueueRef[]>
  /** `start$`, at once. */
  start(): Promise<readonly QueueRef[]>
  /**
   * The oldest messages that are there, of one queue and in its order, at most `flow.pullBatch`; waits for some for so many
   * ms (default `pollTimeoutMs`), then the list is empty. Cold. With `autoCommit` it first says that what earlier polls
   * handed out is consumed: brokers are told every `commit.everyMs`, so a crash loses at most what an earlier poll handed
   * out and nobody worked on. A message that cannot be read is the ERR_RMQ_DECODE of one poll; the next goes on behind it.
   */
  poll$(timeoutMs?: number): Observable<readonly M[]>
  /** `poll$`, at once. */
  poll(timeoutMs?: number): Promise<readonly M[]>
  /**
   * Goes on from another place, in these queues or in all that are held: `'first'`, `'last'`, a time, or an offset. What was
   * pulled and not polled is let go. Cold; emits where each queue stands now. Errors with ERR_RMQ_ILLEGAL for a queue that
   * is not held, ERR_RMQ_OFFSET for an offset outside one of the queues: all of them then stay where they are.
   */
  seek$(to: SeekTo, queues?: readonly QueueRef[]): Observable<readonly SoughtQueue[]>
  /** `seek$`, at once. */
  seek(to: SeekTo, queues?: readonly QueueRef[]): Promise<readonly SoughtQueue[]>
  /**
   * Says that all that was handed out is consumed, of these queues or of all, or that everything below an offset is, and
   * tells brokers now. Cold; emits once when they know. Errors with the first failure, with ERR_RMQ_ILLEGAL for a queue
   * that is not held, and with ERR_RMQ_CLOSED when the group was left: then it is too late.
   */
  commit$(what?: readonly (QueueRef | QueueOffset)[]): Observable<void>
  /** `commit$`, at once. */
  commit(what?: readonly (QueueRef | QueueOffset)[]): Promise<void>
  /** How far the group is on a queue, as its broker says now; undefined before its first commit. Joins the group. Cold. */
  committed$(queue: QueueRef): Observable<Long | undefined>
  /** `committed$`, at once. */
  committed(queue: QueueRef): Promise<Long | undefined>
  /**
   * The offset of the first message that was stored at that time or later; where there is none one past the last, instead
   * of which brokers of 4.9 say the last. Cold.
   */
  offsetForTimestamp$(queue: QueueRef, at: Date): Observable<Long>
  /** `offsetForTimestamp$`, at once. */
  offsetForTimestamp(queue: QueueRef, at: Date): Promise<Long>
  /**
   * Chooses other queues, instead of those it has. Throws ERR_RMQ_ILLEGAL where queues are shared out (`assign: 'auto'`),
   * ERR_RMQ_CLOSED when it is closed.
   */
  assign(queues: readonly QueueRef[]): void
}
