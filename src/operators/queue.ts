/**
 * First in, first out, in a ring: `Array.shift` moves everything that is left, every time, which on a long line costs
 * more than the work. Taken items are let go at once, and a ring that grew in a burst shrinks again.
 */
export interface Queue<T> {
  readonly length: number
  readonly push: (item: T) => void
  /** Removes and returns the first; `undefined` when empty. */
  readonly shift: () => T | undefined
  /** The first, left where it is; `undefined` when empty. */
  readonly peek: () => T | undefined
  /** Removes all that fail the test, in one pass, keeping the order. */
  readonly retain: (keep: (item: T) => boolean) => void
}

const SMALLEST = 16
const SHRINK_ABOVE = 1024

export const createQueue = <T>(): Queue<T> => {
  // A power of two, so that `& mask` wraps the index.
  let ring: (T | undefined)[] = new Array<T | undefined>(SMALLEST)
  let mask = SMALLEST - 1
  let head = 0
  let size = 0

  const resize = (capacity: number) => {
    const next = new Array<T | undefined>(capacity)
    for (let i = 0; i < size; i++) next[i] = ring[(head + i) & mask]
    ring = next
    mask = capacity - 1
    head = 0
  }

  const shift = (): T | undefined => {
    if (size === 0) return undefined
    const first = ring[head]
    ring[head] = undefined
    head = (head + 1) & mask
    size--
    if (mask >= SHRINK_ABOVE && size * 4 <= mask) resize((mask + 1) / 2)
    return first
  }

  return {
    get length() {
      return size
    },
    push: item => {
      if (size > mask) resize((mask + 1) * 2)
      ring[(head + size) & mask] = item
      size++
    },
    shift,
    peek: () => (size === 0 ? undefined : ring[head]),
    retain: keep => {
      for (let left = size; left > 0; left--) {
        const item = shift() as T // there are `left` more
        if (keep(item)) {
          ring[(head + size) & mask] = item
          size++
        }
      }
    },
  }
}
