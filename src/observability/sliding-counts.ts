/** A window that slides in steps: so many samples are kept, one every so many ms. */
export interface SlidingWindow {
  readonly everyMs: number
  readonly samples: number
}

/** What was counted in a window that ends now. */
export interface Counted {
  /** How long the window is, ms; at least one step, so that the first moments do not look like a flood. */
  readonly spanMs: number
  /** What the counter of this index grew by. */
  by(counter: number): number
}

export interface SlidingCounts {
  /** Add to these, after `turn`. */
  readonly totals: Float64Array
  /** Takes the samples that are due. Cheap while none is. */
  turn(now: number): void
  /** Over a window, by its index. */
  over(window: number, now: number): Counted
}

interface Ring extends SlidingWindow {
  /** Rows of a time and of all totals at that time. */
  readonly rows: Float64Array
  newest: number
  count: number
  dueAt: number
}

/**
 * Counters that only grow, and what they were every so often: what happened in a window is a difference. Counting is an
 * addition, the memory is fixed, and no timer runs: samples that are due are taken before something is counted, when the
 * totals still are what they were then.
 */
export const createSlidingCounts = (
  counters: number,
  windows: readonly SlidingWindow[],
  since: number,
): SlidingCounts => {
  const totals = new Float64Array(counters)
  const width = counters + 1
  const rings = windows.map(({ everyMs, samples }): Ring => {
    const rows = new Float64Array(samples * width)
    rows[0] = since
    return { everyMs, samples, rows, newest: 0, count: 1, dueAt: since + everyMs }
  })
  let nextAt = Math.min(...rings.map(({ dueAt }) => dueAt))

  const sample = (ring: Ring, at: number): void => {
    ring.newest = (ring.newest + 1) % ring.samples
    ring.count = Math.min(ring.count + 1, ring.samples)
    ring.rows[ring.newest * width] = at
    ring.rows.set(totals, ring.newest * width + 1)
  }
  const turnRing = (ring: Ring, now: number): void => {
    const due = Math.floor((now - ring.dueAt) / ring.everyMs) + 1 // none: 0 or less
    if (due <= 0) return
    for (let n = Math.max(0, due - ring.samples); n < due; n++) sample(ring, ring.dueAt + n * ring.everyMs)
    ring.dueAt += due * ring.everyMs
  }
  const turn = (now: number): void => {
    if (now < nextAt) return
    nextAt = Infinity
    for (const ring of rings) {
      turnRing(ring, now)
      nextAt = Math.min(nextAt, ring.dueAt)
    }
  }

  return {
    totals,
    turn,
    over: (window, now) => {
      turn(now)
      const ring = rings[window]
      if (ring === undefined) throw new RangeError(`there is no window ${window}`)
      const oldest = (ring.count < ring.samples ? 0 : (ring.newest + 1) % ring.samples) * width
      return {
        spanMs: Math.max(ring.everyMs, now - (ring.rows[oldest] ?? 0)),
        by: counter => (totals[counter] ?? 0) - (ring.rows[oldest + 1 + counter] ?? 0),
      }
    },
  }
}
