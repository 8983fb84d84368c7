import Long from 'long'
import { javaTrim } from '../protocol/java-trim.ts'

/** A whole number: of 64 bits, or of 32 as long as it fits. The official broker reads properties by that. */
export interface Whole {
  readonly value: Long
  readonly wide: boolean
}

/** That an expression cannot be evaluated for a message, which is then not delivered. */
export const FAILED = Symbol('failed')

/** What a part of an expression is worth for one message; `null` is unknown. Decimal numbers are JavaScript's. */
export type Value = string | number | boolean | Whole | null | typeof FAILED

export const isWhole = (value: Value): value is Whole => typeof value === 'object' && value !== null

/**
 * How two values compare, less than 0, 0 or more. Texts are read as what they are compared with, of 32 bits or 64, decimal
 * or truth; what cannot be read, and truth compared with a text, fails. Different kinds are never equal.
 */
export const compareValues = (left: Value, right: Value): number | typeof FAILED => {
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : Number(left > right)
  if (typeof left === 'boolean' && typeof right === 'string') return FAILED
  if (typeof left === 'string') return compareAlike(readAs(right, left), right)
  if (typeof right === 'string') return compareAlike(left, readAs(left, right))
  return compareAlike(left, right)
}

/** A text as the kind of value that it is compared with. */
const readAs = (other: Value, text: string): Value => {
  if (typeof other === 'boolean') return text.toLowerCase() === 'true'
  if (typeof other === 'number') return readDecimal(text)
  return isWhole(other) ? readWhole(text, other.wide) : FAILED
}

const compareAlike = (left: Value, right: Value): number | typeof FAILED => {
  if (left === FAILED || right === FAILED) return FAILED
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (isWhole(left) && isWhole(right)) return left.value.compare(right.value)
  const a = asDecimal(left)
  const b = asDecimal(right)
  return a === undefined || b === undefined ? -1 : compareDecimals(a, b)
}

const asDecimal = (value: Value): number | undefined => {
  if (typeof value === 'number') return value
  return isWhole(value) ? value.value.toNumber() : undefined
}

/** As Java orders them: -0 below 0, NaN above everything and like itself. */
export const compareDecimals = (a: number, b: number): number => {
  if (Object.is(a, b)) return 0
  if (Number.isNaN(a)) return 1
  if (Number.isNaN(b) || a < b) return -1
  return a > b || Object.is(b, -0) ? 1 : -1
}

const MAX_DIGITS = 19
const DIGIT = /\p{Nd}/u

/** A whole number as Java reads it, in digits of any script, with a sign and leading zeros but without blanks. */
export const readWhole = (text: string, wide: boolean): Whole | typeof FAILED => {
  const unsigned = text.slice(Number(/^[+-]/.test(text)))
  const digits = Array.from({ length: unsigned.length }, (_, i) => digitAt(unsigned, i))
  const first = digits.findIndex(digit => digit !== 0)
  const significant = first < 0 ? digits.slice(-1) : digits.slice(first)
  if (significant.length === 0 || significant.length > MAX_DIGITS || digits.includes(undefined)) return FAILED
  const number = (text.startsWith('-') ? '-' : '') + significant.join('')
  const value = Long.fromString(number)
  if (value.toString() !== number && !value.isZero()) return FAILED // beyond 64 bits it wraps around
  return wide || value.equals(value.toInt()) ? { value, wide } : FAILED
}

/** Of the basic plane, as in Java. The digits of a script stand side by side, zero first. */
const digitAt = (text: string, at: number): number | undefined => {
  const code = text.charCodeAt(at)
  if (code < 0x80) return code >= 0x30 && code <= 0x39 ? code - 0x30 : undefined
  if (!DIGIT.test(String.fromCharCode(code))) return undefined
  let zero = code
  while (DIGIT.test(String.fromCharCode(zero - 1))) zero--
  return code - zero
}

const PLAIN = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)[fd]?$/i
const NAMED = /^([+-]?)(NaN|Infinity)$/
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?\d+)[fd]?$/i
const MAX_HEX_DIGITS = 64

/** A decimal number as Java's `Double.valueOf` reads it: also `1e3`, `NaN`, `Infinity`, `5f`, `0x1p3`, between blanks. */
export const readDecimal = (text: string): number | typeof FAILED => {
  const bare = javaTrim(text)
  const plain = PLAIN.exec(bare)?.[1]
  if (plain !== undefined) return Number(plain)
  const named = NAMED.exec(bare)
  if (named !== null) return signed(named[1], Number(named[2]))
  const hexadecimal = HEXADECIMAL.exec(bare)
  return hexadecimal === null ? FAILED : ofHexadecimal(hexadecimal)
}

const ofHexadecimal = ([, sign, before = '', behind = '', exponent]: RegExpExecArray): number | typeof FAILED => {
  const digits = before + behind
  if (digits === '' || digits.length > MAX_HEX_DIGITS) return FAILED
  return signed(sign, Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * behind.length))
}

const signed = (sign: string | undefined, value: number): number => (sign === '-' ? -value : value)
