import { DEFAULT_DELAY_LEVELS, parseDelayLevels } from '../protocol/delay-levels.ts'

const LEVELS_MS = parseDelayLevels(DEFAULT_DELAY_LEVELS)

/** The first delay level of brokers, 1 to 18, that is no shorter than so many ms; the last, 2 h, where none is. */
export const delayLevelOf = (afterMs: number): number => {
  const index = LEVELS_MS.findIndex(ms => ms >= afterMs)
  return index < 0 ? LEVELS_MS.length : index + 1
}
