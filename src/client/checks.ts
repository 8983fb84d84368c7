import { illegal } from '../errors.ts'
import { wrong } from './problems.ts'

const LONGEST_MS = 2 ** 31 - 1 // of a Node timer
const MANY = 2 ** 31 - 1

/** A whole number of ms within the bounds of a timer; anything else is ERR_RMQ_ILLEGAL. `undefined` means the default. */
export const checkedMs = (name: string, value: number | undefined, fallback: number, least = 1): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= least && value <= LONGEST_MS) return value
  return wrong(
    illegal(`${name} is ${String(value)}: expected a whole number of ms from ${least} to ${LONGEST_MS}`),
    fallback,
  )
}

/**
 * A whole number between bounds, the upper one 2,147,483,647 where none is given; anything else is ERR_RMQ_ILLEGAL.
 * `undefined` means the default.
 */
export const checkedInt = (
  name: string,
  value: number | undefined,
  fallback: number,
  [least, most = MANY]: readonly [least: number, most?: number],
): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= least && value <= most) return value
  return wrong(illegal(`${name} is ${String(value)}: expected a whole number from ${least} to ${most}`), fallback)
}

/**
 * One of a list of words; anything else is ERR_RMQ_ILLEGAL. `undefined` means the default.
 * @param orElse what the option may be besides a word, for the message.
 */
export const oneOf = <const T extends string>(
  name: string,
  value: T | undefined,
  fallback: T,
  all: readonly T[],
  orElse = '',
): T => {
  if (value === undefined) return fallback
  if (all.includes(value)) return value
  return wrong(illegal(`${name} is "${value as string}": expected one of ${all.join(', ')}${orElse}`), fallback)
}

/** `true` or `false`; anything else is ERR_RMQ_ILLEGAL. `undefined` means the default. */
export const checkedBool = (name: string, value: boolean | undefined, fallback: boolean): boolean => {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  return wrong(illegal(`${name} is ${String(value)}: expected true or false`), fallback)
}
