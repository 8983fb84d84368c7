import { illegal } from '../errors.ts'

/** The releases of one `major.minor`: the first and the last patch number that a place was set aside for. */
type Line = readonly [line: string, first: number, last: number]

const lines = (major: number, minors: readonly number[], first: number): readonly Line[] =>
  minors.map(minor => [`V${major}_${minor}`, first, 9])

const ZERO_TO_NINE = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

/** Places were set aside far ahead, so most of these releases never came; 3.3 to 3.9 have none for patch 0. */
const LINES: readonly Line[] = [
  ['V3_0', 1, 15],
  ...lines(3, [1, 2], 0),
  ...lines(3, [3, 4, 5, 6, 7, 8, 9], 1),
  ...lines(4, ZERO_TO_NINE, 0),
  ...lines(5, ZERO_TO_NINE, 0),
]

const releasesOf = ([line, first, last]: Line): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${line}_${first + index}`)

/** The last name: of any release that came after the list was written. */
export const HIGHER_VERSION = 'HIGHER_VERSION'

/**
 * All versions that a frame can name, in the order of their numbers: each release has two places, first for its
 * snapshots, then for itself (`MQVersion.Version`). The very first one had its own way.
 */
export const VERSIONS: readonly string[] = [
  'V3_0_0_SNAPSHOT',
  'V3_0_0_ALPHA1',
  ...['BETA1', 'BETA2', 'BETA3', 'BETA4', 'BETA5'].map(stage => `V3_0_0_${stage}`),
  ...['BETA6', 'BETA7', 'BETA8', 'BETA9'].flatMap(stage => [`V3_0_0_${stage}_SNAPSHOT`, `V3_0_0_${stage}`]),
  'V3_0_0_FINAL',
  ...LINES.flatMap(releasesOf).flatMap(release => [`${release}_SNAPSHOT`, release]),
  HIGHER_VERSION,
]

const ORDINALS: ReadonlyMap<string, number> = new Map(VERSIONS.map((name, ordinal) => [name, ordinal]))

/** The number by which frames name a version: `V5_3_3` is 479. Throws `ERR_RMQ_ILLEGAL` for a name that is none. */
export const versionOrdinal = (name: string): number => {
  const ordinal = ORDINALS.get(name)
  if (ordinal === undefined) throw illegal(`"${name.slice(0, 32)}" is no version: expected a name like V5_3_3`)
  return ordinal
}

/**
 * The version of a number, `HIGHER_VERSION` for every number beyond the list. A negative one or a fraction is no version:
 * `ERR_RMQ_ILLEGAL`.
 */
export const versionName = (ordinal: number): string => {
  if (!Number.isInteger(ordinal) || ordinal < 0)
    throw illegal(`${ordinal} is no version: expected a whole number from 0`)
  return VERSIONS[ordinal] ?? HIGHER_VERSION
}
