import { isObservable, Subscription, takeUntil } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Report } from '../observability/events.ts'
import { checkedSelect } from './selection.ts'
import type { Select } from './selection.ts'

/** The strategy of a producer, which may change while it sends. */
export interface Strategies {
  current(): Select
  close(): void
}

export interface StrategyOptions {
  /** Until the stream gives one. */
  readonly fallback: Select
  readonly group: string
  readonly closing$: Observable<unknown>
  readonly report: Report
}

/** A stream of strategies is followed until it ends, well or not, or the producer closes; the last good one stays. */
export const createStrategies = (given: Select | Observable<Select>, options: StrategyOptions): Strategies => {
  const { fallback, group, closing$, report } = options
  let current: Select = isObservable(given) ? fallback : given
  const failed = (error: unknown): void => report({ type: 'select-failed', group, error })
  const become = (next: Select): void => {
    try {
      current = checkedSelect(next, fallback)
    } catch (error) {
      failed(error)
    }
  }
  const following = isObservable(given)
    ? given.pipe(takeUntil(closing$)).subscribe({ next: become, error: failed })
    : Subscription.EMPTY
  return { current: () => current, close: () => following.unsubscribe() }
}
