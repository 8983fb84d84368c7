import type Long from 'long'
import type { Entry } from './window.ts'

type Kept = Pick<Entry, 'offset' | 'bytes'>

/**
 * What of one queue waits to be consumed in order, and what of it is in hand: taken, and neither committed nor put back.
 * Nothing overtakes: whatever comes back waits in front of what was not taken yet.
 */
export interface OrderlyWindow<E extends Kept> {
  /**
   * Puts a page behind the rest; an offset that was pulled before is not consumed a second time. True when whoever takes
   * found nothing the last time, or never began, and must be told.
   */
  add(entries: readonly E[], nextOffset: Long): boolean
  /** The oldest that wait, at most so many. */
  take(most: number): readonly E[]
  /** All in hand is done. Gives the commit point from now on; undefined when nothing was in hand. */
  commit(): Long | undefined
  /** All in hand waits again. */
  rollback(): void
  /** Some of what is in hand waits again; the rest stays in hand. */
  putBack(entries: readonly E[]): void
  /** Everything below it is done. */
  commitPoint(): Long
  nextOffset(): Long
  readonly waiting: readonly E[]
  /** Waiting or in hand. */
  readonly size: number
  readonly bytes: number
}

export const createOrderlyWindow = <E extends Kept>(start: Long): OrderlyWindow<E> => {
  let waiting: readonly E[] = [] // in order of offsets, as are those in hand
  let inHand: readonly E[] = []
  let next = start
  let idle = true

  const putBack = (entries: readonly E[]): void => {
    const back = inHand.filter(entry => entries.includes(entry))
    inHand = inHand.filter(entry => !back.includes(entry))
    waiting = [...back, ...waiting].sort(byOffset)
  }
  const oldest = (): E | undefined => {
    const [taken] = inHand
    const [first] = waiting
    return taken === undefined || (first !== undefined && byOffset(first, taken) < 0) ? first : taken
  }
  const commitPoint = (): Long => oldest()?.offset ?? next

  return {
    add: (entries, nextOffset) => {
      const added = entries.filter(({ offset }) => offset.greaterThanOrEqual(next))
      waiting = [...waiting, ...added]
      if (nextOffset.greaterThan(next)) next = nextOffset
      const tell = idle && added.length > 0
      if (tell) idle = false
      return tell
    },
    take: most => {
      const taken = waiting.slice(0, most)
      waiting = waiting.slice(taken.length)
      inHand = [...inHand, ...taken].sort(byOffset)
      idle = taken.length === 0
      return taken
    },
    commit: () => {
      if (inHand.length === 0) return undefined
      inHand = []
      return commitPoint()
    },
    rollback: () => putBack(inHand),
    putBack,
    commitPoint,
    nextOffset: () => next,
    get waiting() {
      return waiting
    },
    get size() {
      return waiting.length + inHand.length
    },
    get bytes() {
      return [...waiting, ...inHand].reduce((sum, { bytes }) => sum + bytes, 0)
    },
  }
}

const byOffset = (a: Kept, b: Kept): number => a.offset.compare(b.offset)
