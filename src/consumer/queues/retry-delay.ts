import { optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedInt, checkedMs } from '../../client/checks.ts'
import { collected, wrong } from '../../client/problems.ts'
import { illegal } from '../../errors.ts'
import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../../protocol/delay-levels.ts'

/** What `retryLater` may be told: one of the two, or neither. */
export interface RetryOptions {
  /** Broker delay level 1 to 18. Default: rises with each attempt, from 10 s on. */
  readonly delayLevel?: number
  /** Not before so many ms: the first delay level that is as long, at most 2 h. Exact with POP, in whole seconds. */
  readonly afterMs?: number
}

const LEVELS_MS = parseDelayLevels(DEFAULT_DELAY_LEVELS)

/** The first delay level of brokers, 1 to 18, that is no shorter than so many ms; the last, 2 h, where none is. */
export const delayLevelOf = (afterMs: number): number => {
  const index = LEVELS_MS.findIndex(ms => ms >= afterMs)
  return index < 0 ? LEVELS_MS.length : index + 1
}

/** Checked; what is wrong is ERR_RMQ_ILLEGAL, and the delivery is as open as before. */
export const checkedRetry = (given: RetryOptions): RetryOptions =>
  collected('retryLater', () => {
    const options = optionsOf('options', given)
    const { delayLevel, afterMs } = options
    checkNames('retryLater', options, { delayLevel: 0, afterMs: 0 })
    checkedInt('delayLevel', delayLevel, 1, [1, LEVELS_MS.length])
    checkedMs('afterMs', afterMs, 0, 0)
    if (delayLevel === undefined || afterMs === undefined) return options
    return wrong(illegal('delayLevel and afterMs exclude each other: say one of them'), options)
  })
