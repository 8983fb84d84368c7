import type Long from 'long'
import { decodeFailed } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import { toLong } from '../int64.ts'

/** A 64-bit number as the texts of POP hold it. `what` says what of which text it is. Throws `ERR_RMQ_DECODE`. */
export const readLong = (text: string | undefined, what: string): Long => {
  if (text === undefined) throw notInteger(text, what, 64)
  try {
    return toLong(text)
  } catch {
    throw notInteger(text, what, 64)
  }
}

/** The same for 32 bits. */
export const readInt = (text: string | undefined, what: string): number => {
  const value = text !== undefined && /^[+-]?\d{1,20}$/.test(text) ? Number(text) : NaN
  if (value !== (value | 0)) throw notInteger(text, what, 32)
  return value
}

const notInteger = (text: string | undefined, what: string, bits: number): RocketError =>
  decodeFailed(
    `${what}: expected an integer of ${bits} bits, ${text === undefined ? 'it is missing' : `not "${text.slice(0, 32)}"`}`,
  )
