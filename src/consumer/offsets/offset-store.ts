import type { Observable } from 'rxjs'
import type Long from 'long'
import type { QueueRef } from '../../messages/offsets.ts'

/** How far a queue is consumed. */
export interface KeptOffset {
  readonly queue: QueueRef
  /** The next offset to consume. */
  readonly offset: Long
}

/**
 * Where a consumer keeps how far it is. Write your own to keep it elsewhere, such as in the database that the results go
 * to. What is loaded and what is kept is remembered in front of it, so that only what changed is given to it.
 */
export interface OffsetStore {
  /**
   * The next offset to consume of a queue that the consumer begins with; undefined when none is kept, then `startFrom` says.
   * An error is told in `failures$`: the queue is not consumed, and asked for again with the next rebalance. So is a store
   * that says nothing for `timing.requestTimeoutMs`.
   */
  load$(queue: QueueRef): Observable<Long | undefined>
  /**
   * Keeps them: emits each when it is safe, and completes when there are no more. One that fails does not stop the others:
   * the error comes last, is told in `failures$`, and what was not kept is given again with the next commit. An offset may
   * be lower than before, when somebody goes back. A later call counts, also if an earlier one has not ended. When nothing
   * comes for `timing.requestTimeoutMs`, it is unsubscribed from, and that is an error as any other.
   */
  commit$(offsets: readonly KeptOffset[]): Observable<KeptOffset>
}

/** Whose offsets are kept. */
export interface OffsetOwner {
  readonly group: string
  /** As configured; undefined when the client made one up, which nobody finds again after a restart. */
  readonly clientId: string | undefined
  /** Tells what went wrong without ending anything, such as that a backup had to be read: in `failures$`. */
  readonly report: (problem: unknown) => void
}

/** Makes the store of one consumer. What it throws fails the making of the consumer. */
export type Offsets = (owner: OffsetOwner) => OffsetStore
