/** Something that fails again and again. */
export interface Trouble {
  /** Why it failed last. */
  readonly error: unknown
  /** When it began to fail, ms. */
  readonly since: number
}

/** Once more: the first of a row of failures says since when, the last one says why. */
export const oneMore = (known: Trouble | undefined, error: unknown, now: number): Trouble => ({
  error,
  since: known?.since ?? now,
})
