/** What one run of a contestant took. */
export interface Sample {
  /** Operations per second of wall time. */
  readonly perSecond: number
  /** CPU of this process, user and system, per operation, µs. */
  readonly cpuUs: number
}

export interface Contestant {
  readonly name: string
  /** One run. What it does before and after the measured part costs nothing. */
  readonly run: () => Promise<Sample>
  /** What the project promises, where it does. */
  readonly goal?: Goal
}

export interface Goal {
  /** Least ratio to the floor. */
  readonly ratio?: number
  /** Most CPU per operation, µs. */
  readonly cpuUs?: number
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Row {
  readonly name: string
  readonly perSecond: Spread
  readonly cpuUs: Spread
  /** Rate in relation to the floor's of the same round; 1 for the floor itself. */
  readonly ratio: Spread
  readonly goal?: Goal
}

/** Begins to measure; called with the number of operations it ends. */
export const startClock = (): ((count: number) => Sample) => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  return count => {
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    return { perSecond: (count / ms) * 1_000, cpuUs: (user + system) / count }
  }
}

/** Times work that does `count` operations. */
export const timed = async (count: number, work: () => unknown): Promise<Sample> => {
  const stop = startClock()
  await work()
  return stop(count)
}

/**
 * Runs all contestants in turn, so many rounds after one that warms up, every other round backwards: whatever the machine
 * does meanwhile happens to all of them. The first contestant is the floor that the others are compared with.
 */
export const interleaved = async (
  contestants: readonly Contestant[],
  rounds: number,
  tell: (progress: string) => void,
): Promise<readonly Row[]> => {
  const samples = contestants.map((): Sample[] => [])
  for (let round = 0; round <= rounds; round++) {
    const order = [...contestants.keys()]
    if (round % 2 === 1) order.reverse()
    for (const i of order) {
      const contestant = contestants[i]
      if (contestant === undefined) continue
      tell(`${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}: ${contestant.name}`)
      const sample = await contestant.run()
      if (round > 0) samples[i]?.push(sample)
    }
  }
  const floor = samples[0] ?? []
  return contestants.map(({ name, goal }, i) => {
    const own = samples[i] ?? []
    return {
      name,
      perSecond: spread(own.map(sample => sample.perSecond)),
      cpuUs: spread(own.map(sample => sample.cpuUs)),
      ratio: spread(own.map((sample, round) => sample.perSecond / (floor[round]?.perSecond ?? Number.NaN))),
      ...(goal === undefined ? {} : { goal }),
    }
  })
}

export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}
