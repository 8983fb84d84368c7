/** Permission bits of a topic on one broker. 6 is read and write, 7 is the template topic `TBW102`. */
export const PERM = {
  INHERIT: 1,
  WRITE: 2,
  READ: 4,
  PRIORITY: 8,
} as const

/** Whether consumers may pull from such a queue. */
export const isReadable = (perm: number): boolean => (perm & PERM.READ) !== 0

/** Whether producers may send to such a queue. */
export const isWriteable = (perm: number): boolean => (perm & PERM.WRITE) !== 0

/** Whether a topic may be created after the model of this one. */
export const isInherited = (perm: number): boolean => (perm & PERM.INHERIT) !== 0

/** What a topic may be given: any of the first three bits, 0 to 7. */
export const isValidPerm = (perm: number): boolean => Number.isInteger(perm) && perm >= 0 && perm < PERM.PRIORITY

/** As `ls` would say it: `RW-`. */
export const permText = (perm: number): string =>
  `${isReadable(perm) ? 'R' : '-'}${isWriteable(perm) ? 'W' : '-'}${isInherited(perm) ? 'X' : '-'}`
