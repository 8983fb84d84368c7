import type Long from 'long'
import type { QueueRef } from '../../messages/offsets.ts'
import type { Entry, Window } from './window.ts'

/** Where a queue stands. */
export interface QueueProgress {
  readonly queue: QueueRef
  /** Everything below it is settled. */
  readonly commitPoint: Long
  /** What the broker confirmed last. */
  readonly committed: Long | undefined
  readonly nextOffset: Long
  /** One past the last message, as the broker said with the last pull. */
  readonly maxOffset: Long
  /** In hand. */
  readonly unsettled: number
  /** Their stored bytes. */
  readonly unsettledBytes: number
  /** Messages from the commit point to the end. */
  readonly lag: number
  /** By `pause()`. */
  readonly paused: boolean
  /** Whether this member may consume it: false only where queues are locked, and another has the lock. */
  readonly locked: boolean
  /** The oldest message in hand: it is what holds the commit point. */
  readonly oldest?: { readonly offset: Long; readonly attempt: number; readonly startedAt: number | undefined }
  /** When the broker last answered a pull, ms. */
  readonly lastPullAt: number | undefined
}

interface Held extends Entry {
  readonly attempt: number
  readonly startedAt: number | undefined
}

type Known = Pick<QueueProgress, 'committed' | 'unsettled' | 'paused' | 'locked' | 'lastPullAt'> & {
  readonly maxOffset: Long | undefined
}

/** Pure. Nothing before the broker said how much there is: a lag of 0 would be a guess. */
export const progressOf = <E extends Held>(
  queue: QueueRef,
  window: Window<E> | undefined,
  { maxOffset, ...known }: Known,
): QueueProgress | undefined => {
  if (window === undefined || maxOffset === undefined) return undefined
  const commitPoint = window.commitPoint()
  const nextOffset = window.nextOffset()
  const end = maxOffset.lessThan(nextOffset) ? nextOffset : maxOffset
  const oldest = window.oldest()
  return {
    queue,
    commitPoint,
    nextOffset,
    maxOffset: end,
    unsettledBytes: window.bytes,
    lag: end.subtract(commitPoint).toNumber(),
    ...known,
    ...(oldest === undefined
      ? {}
      : { oldest: { offset: oldest.offset, attempt: oldest.attempt, startedAt: oldest.startedAt } }),
  }
}
