import { illegal } from '../errors.ts'

/** `messageDelayLevel` of an official broker that was not told otherwise. */
export const DEFAULT_DELAY_LEVELS = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const MAX_LEVELS = 1_000

/**
 * Milliseconds of each level, level 1 first, of a broker's `messageDelayLevel` (`ScheduleMessageService`). Throws
 * `ERR_RMQ_ILLEGAL` for a level that cannot be read, and for more than 1,000.
 * @param moreUnits units besides the official s, m, h and d, in ms.
 */
export const parseDelayLevels = (text: string, moreUnits: Readonly<Record<string, number>> = {}): readonly number[] => {
  const units = { ...moreUnits, ...UNIT_MS }
  const levels = text
    .trim()
    .split(/\s+/)
    .map(level => levelMs(level, units))
  if (levels.length > MAX_LEVELS) throw illegal(`delayLevels has ${levels.length} levels, the limit is ${MAX_LEVELS}`)
  return levels
}

const levelMs = (level: string, units: Readonly<Record<string, number>>): number => {
  const [, amount, unit = ''] = /^(\d{1,9})([a-z]+)$/.exec(level) ?? []
  if (amount === undefined || !Object.hasOwn(units, unit)) {
    const names = Object.keys(units).join(', ')
    throw illegal(`delay level "${level.slice(0, 32)}" is not a number with one of the units ${names}`)
  }
  return Number(amount) * (units[unit] ?? 1)
}
