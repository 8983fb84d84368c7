/** Things in the order they came, kept by position: new ones at the end, old ones dropped at the front. */
export interface Line<T> {
  readonly length: () => number
  /** Position 0 is the oldest that is kept. */
  readonly at: (position: number) => T | undefined
  readonly push: (item: T) => void
  /** Takes the oldest out. */
  readonly shift: () => T | undefined
  readonly toArray: () => readonly T[]
}

/** Shorter arrays are not worth cutting. */
const MIN_CUT = 1_024

/** An array whose dropped head is cut off now and then: `shift` of an array would move all of it each time. */
export const createLine = <T>(): Line<T> => {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    length: () => items.length - head,
    at: position => (position < 0 ? undefined : items[head + position]),
    push: item => {
      items.push(item)
    },
    shift: () => {
      if (head === items.length) return undefined
      const item = items[head]
      items[head] = undefined
      head += 1
      if (head >= MIN_CUT && head * 2 >= items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    toArray: () => items.slice(head) as T[], // only the head is ever emptied
  }
}
