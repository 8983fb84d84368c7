import { catchError, defer, EMPTY, ignoreElements, map, of, repeat, tap, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { queueKey } from '../../messages/offsets.ts'
import { batchBy } from '../../operators/batch-by.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'

/** How often a lock is renewed, as Java, ms. */
const RENEW_MS = 20_000
/** After which a lock that could not be renewed counts as lost, as Java, ms. A broker keeps it for 60 s. */
const EXPIRES_MS = 30_000
/** How soon a lock that another member has, or that could not be asked for, is asked for again, as Java, ms. */
const AGAIN_MS = 500
/** Queues of one broker that are asked about together. */
const TOGETHER = 1_024

export interface QueueLocksOptions {
  /** Takes or renews locks of queues of one broker; emits those that are held now. */
  readonly lock$: (queues: readonly MessageQueue[]) => Observable<readonly MessageQueue[]>
  readonly unlock$: (queues: readonly MessageQueue[]) => Observable<unknown>
  readonly onFailure: (error: unknown, queue: MessageQueue) => void
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

/** The locks by which brokers let one member of a group alone consume a queue. */
export interface QueueLocks {
  /** Whether the lock is held, now and as it is renewed, lost and regained. Never ends, never errors. */
  locked$(queue: MessageQueue): Observable<boolean>
  /** Gives a lock up. Completes when the broker was told, or cannot be. */
  unlock$(queue: MessageQueue): Observable<never>
}

/** What is asked about queues of one broker in one turn goes in one request. */
export const createQueueLocks = ({ lock$, unlock$, onFailure, scheduler, asap }: QueueLocksOptions): QueueLocks => {
  const asking = batchBy<MessageQueue, boolean>(
    queues =>
      lock$(queues).pipe(
        map(held => new Set(held.map(queueKey))),
        map(held => queues.map(queue => held.has(queueKey(queue)))),
      ),
    {
      bytesOf: () => 0,
      laneOf: ({ brokerName }) => brokerName,
      keyOf: () => undefined,
      maxBytes: Infinity,
      maxCount: TOGETHER,
      lingerMs: 0,
      concurrency: Infinity,
      scheduler,
      asap,
    },
  )

  const locked$ = (queue: MessageQueue): Observable<boolean> =>
    defer(() => {
      let expiresAt = 0
      let againMs = AGAIN_MS
      const asked$ = defer(() => asking.join$(queue)).pipe(
        tap(granted => {
          againMs = granted ? RENEW_MS : AGAIN_MS
          expiresAt = granted ? scheduler.now() + EXPIRES_MS : 0
        }),
        catchError((error: unknown) => {
          onFailure(error, queue)
          againMs = AGAIN_MS
          return of(scheduler.now() < expiresAt) // nobody said that it is lost
        }),
      )
      return asked$.pipe(repeat({ delay: () => timer(againMs, scheduler) }))
    })

  return {
    locked$,
    unlock$: queue =>
      unlock$([queue]).pipe(
        catchError(() => EMPTY), // it expires by itself
        ignoreElements(),
      ),
  }
}
