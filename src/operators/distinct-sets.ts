import { distinctUntilChanged } from 'rxjs'
import type { MonoTypeOperatorFunction } from 'rxjs'

/** Passes a set on unless it has the same members as the one before. */
export const distinctSets = <T>(): MonoTypeOperatorFunction<ReadonlySet<T>> =>
  distinctUntilChanged((a, b) => a.size === b.size && [...a].every(member => b.has(member)))
