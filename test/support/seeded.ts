/** Chance that can be had again: the same seed, the same numbers. */
export interface Chance {
  /** From 0 on, below 1. */
  readonly next: () => number
  /** A whole number of these bounds, both included. */
  readonly between: (least: number, most: number) => number
}

export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000
  }
  return { next, between: (least, most) => least + Math.floor(next() * (most - least + 1)) }
}
