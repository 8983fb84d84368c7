import * as official from '../protocol/delay-levels.ts'

/** Milliseconds of each level, level 1 first. The unit `ms` is ours, for tests in a hurry. */
export const parseDelayLevels = (text: string): readonly number[] => official.parseDelayLevels(text, { ms: 1 })
