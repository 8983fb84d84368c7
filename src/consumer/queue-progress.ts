import type Long from 'long'
import type { QueueRef } from '../messages/offsets.ts'
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
  /** Messages from the commit point to the end. */
  readonly lag: number
}

/** Pure. Nothing before the broker said how much there is: a lag of 0 would be a guess. */
export const progressOf = <E extends Entry>(
  queue: QueueRef,
  window: Window<E> | undefined,
  committed: Long | undefined,
  maxOffset: Long | undefined,
  unsettled: number,
): QueueProgress | undefined => {
  if (window === undefined || maxOffset === undefined) return undefined
  const commitPoint = window.commitPoint()
  const nextOffset = window.nextOffset()
  const end = maxOffset.lessThan(nextOffset) ? nextOffset : maxOffset
  return {
    queue,
    commitPoint,
    committed,
    nextOffset,
    maxOffset: end,
    unsettled,
    lag: end.subtract(commitPoint).toNumber(),
  }
}
