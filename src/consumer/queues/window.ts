import type Long from 'long'

/** A message of a queue that is in hand. */
export interface Entry {
  readonly offset: Long
  readonly bytes: number
  /** Its place in the window, given by `add`. */
  index: number
  settled: boolean
}

/**
 * What of one queue is in hand, in order of offsets, and up to where it may be committed: the lowest unsettled offset,
 * else the next one to pull. Settling is arithmetic on a place, whatever the order.
 */
export interface Window<E extends Entry> {
  add(entries: readonly E[], nextOffset: Long): void
  settle(entry: E): void
  /** Everything below it is settled. Never goes back. */
  commitPoint(): Long
  nextOffset(): Long
  /** The oldest that is not settled: it is what holds the commit point. */
  oldest(): E | undefined
  readonly size: number
  readonly bytes: number
}

const COMPACT_ABOVE = 1_024

export const createWindow = <E extends Entry>(start: Long): Window<E> => {
  let entries: (E | undefined)[] = [] // a settled one is let go at once
  let base = 0 // index of entries[0]
  let head = 0 // place of the oldest unsettled
  let next = start
  let size = 0
  let bytes = 0

  const advance = (): void => {
    while (head < entries.length && entries[head] === undefined) head++
    if (head < COMPACT_ABOVE && head < entries.length) return
    entries = entries.slice(head)
    base += head
    head = 0
  }

  return {
    add: (added, nextOffset) => {
      for (const entry of added) {
        entry.index = base + entries.length
        entries.push(entry)
        size++
        bytes += entry.bytes
      }
      next = nextOffset
    },
    settle: entry => {
      if (entry.settled || entries[entry.index - base] !== entry) return
      entry.settled = true
      entries[entry.index - base] = undefined
      size--
      bytes -= entry.bytes
      if (entry.index - base === head) advance()
    },
    commitPoint: () => entries[head]?.offset ?? next,
    nextOffset: () => next,
    oldest: () => entries[head],
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
  }
}
