import type { Target } from './load.ts'
import type { Row } from './rounds.ts'

/** How a benchmark is run. */
export interface Running {
  readonly rounds: number
  readonly tell: (progress: string) => void
}

/** What a benchmark found. */
export interface Finding {
  readonly title: string
  /** What rate and CPU are counted per. */
  readonly unit: string
  readonly rows: readonly Row[]
}

export type Bench = (target: Target, running: Running) => Promise<Finding>
