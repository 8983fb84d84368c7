/** Of more, those heard longest ago are forgotten. */
const MOST_TELLERS = 1_024
/** Who was not heard for so long tells nothing at the moment, ms. */
const SILENT_MS = 60_000

/** Who else tells, and how far each has come. */
export interface OtherTellers {
  /**
   * Whether it comes after all that was heard of that teller. Order is kept in a queue, and not among queues: what had to
   * wait for a broker that was ill comes when it is no longer true.
   */
  isNews(from: string, no: number, at: number): boolean
  /** How many have told something lately. */
  count(at: number): number
}

export const createOtherTellers = (): OtherTellers => {
  const tellers = new Map<string, { readonly no: number; readonly heardAt: number }>() // as they were heard
  return {
    isNews: (from, no, at) => {
      const known = tellers.get(from)
      if (known !== undefined && no <= known.no) return false
      tellers.delete(from)
      for (const oldest of tellers.keys()) if (tellers.size >= MOST_TELLERS) tellers.delete(oldest)
      tellers.set(from, { no, heardAt: at })
      return true
    },
    count: at => {
      let lately = 0
      for (const { heardAt } of tellers.values()) if (at - heardAt < SILENT_MS) lately++
      return lately
    },
  }
}
