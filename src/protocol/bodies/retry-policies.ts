import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../delay-levels.ts'
import type { RetryPolicy } from './group-bodies.ts'

const DEFAULT_NEXT = parseDelayLevels(DEFAULT_DELAY_LEVELS)
/** The first retry waits as long as the third of the listed times, the first two being for other uses. */
const FIRST_RETRY = 2
/** From here on an exponential policy grows no more. */
const LAST_GROWTH = 32

/**
 * How long, in ms, a message waits before it is delivered again, when it has been so many times already (0: only at
 * first). A list that is too short ends with its last time; without a list it is that of the default delay levels
 * (`CustomizedRetryPolicy`, `ExponentialRetryPolicy`).
 */
export const retryDelayMs = (policy: RetryPolicy, reconsumeTimes: number): number => {
  const times = Math.max(0, reconsumeTimes)
  if (policy.type === 'EXPONENTIAL') {
    return Math.min(policy.max, policy.initial * policy.multiplier ** Math.min(times, LAST_GROWTH))
  }
  const next = policy.next === undefined || policy.next.length === 0 ? DEFAULT_NEXT : policy.next
  return next[Math.min(times + FIRST_RETRY, next.length - 1)] ?? 0
}
