import { illegal } from '../errors.ts'

/** `messageDelayLevel` of an official broker that was not told otherwise. */
export const DEFAULT_DELAY_LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h'

/** The official units are s, m, h and d; `ms` is ours, for tests in a hurry. */
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of each level, level 1 first. */
export const parseDelayLevels = (text: string): readonly number[] => {
  const levels = text.trim().split(/\s+/).map(parseLevel)
  if (levels.length > MAX_LEVELS) throw illegal(`delayLevels has ${levels.length} levels, the limit is ${MAX_LEVELS}`)
  return levels
}

const MAX_LEVELS = 1_000

const parseLevel = (text: string): number => {
  const [, amount, unit] = /^(\d{1,9})(ms|[smhd])$/.exec(text) ?? []
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit]
  if (amount === undefined || unitMs === undefined) {
    throw illegal(`delay level "${text.slice(0, 32)}" is not a number with one of the units ms, s, m, h, d`)
  }
  return Number(amount) * unitMs
}
