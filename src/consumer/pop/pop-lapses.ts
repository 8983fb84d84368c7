import { Subscription } from 'rxjs'
import type { SchedulerLike } from 'rxjs'

/** Something that is ours until a time, ms. */
export interface Lapsing {
  readonly lapsesAt: number
}

/** One timer for all that lapses, set to the first of it; none when there is nothing. */
export interface Lapses {
  /** Something was added, or lapses at another time. */
  changed(): void
  close(): void
}

/** @param all what may lapse now @param lapse called once for each that did; it must be gone from `all` then */
export const createLapses = <L extends Lapsing>(
  all: () => Iterable<L>,
  lapse: (one: L) => void,
  scheduler: SchedulerLike,
): Lapses => {
  let timing = Subscription.EMPTY
  let ringsAt = Infinity

  const ring = (): void => {
    ringsAt = Infinity
    const now = scheduler.now()
    const due = [...all()].filter(({ lapsesAt }) => lapsesAt <= now)
    for (const one of due) lapse(one)
    changed()
  }
  const changed = (): void => {
    let first = Infinity
    for (const { lapsesAt } of all()) first = Math.min(first, lapsesAt)
    // A timer that is early looks again; a later one would be late.
    if (first === Infinity || first < ringsAt) {
      timing.unsubscribe()
      ringsAt = first
      if (first !== Infinity) timing = scheduler.schedule(ring, Math.max(0, first - scheduler.now()))
    }
  }
  return { changed, close: () => timing.unsubscribe() }
}
