import { createQueue } from './queue.ts'

/** What may have to wait. The fields belong to the waiting room; they stand here to save an object per item. */
export interface Waiter {
  readonly index: number
  readonly key: unknown
  waiting: boolean
  lane: Lane | undefined
  /** The next of the same key. */
  behind: Waiter | undefined
}

/** The items of one key. */
export interface Lane {
  readonly key: unknown
  /** One of the key is at work. */
  busy: boolean
  first: Waiter | undefined
  last: Waiter | undefined
}

/** Who waits, and who is next. Every step costs the same, however many wait. */
export interface WaitingRoom<W extends Waiter> {
  /** How many wait. */
  readonly size: number
  /** How many of them wait only for a slot, not for another of their key: at most `size`. */
  readonly startable: number
  /** Whether an item of this key would wait only for a slot. */
  readonly isFree: (key: unknown) => boolean
  readonly add: (waiter: W) => void
  /** The next that may start. From here on its lane is taken, until `leave`. */
  readonly take: () => W | undefined
  readonly leave: (waiter: W) => void
  /** Removes the one that came first of all that wait. */
  readonly takeOldest: () => W | undefined
  /** Removes all, in the order they came. */
  readonly takeAll: () => W[]
}

/** One line: first come, first served. */
export const createLine = <W extends Waiter>(): WaitingRoom<W> => {
  const line = createQueue<W>()
  return {
    get size() {
      return line.length
    },
    get startable() {
      return line.length
    },
    isFree: () => true,
    add: waiter => line.push(waiter),
    take: line.shift,
    leave: () => undefined,
    takeOldest: line.shift,
    takeAll: () => {
      const all: W[] = []
      for (let next = line.shift(); next; next = line.shift()) all.push(next)
      return all
    },
  }
}
