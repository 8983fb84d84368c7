import { allOf, anyOf, constant, equal, ordered, type Part, presence } from './sql92-parts.ts'
import { sqlError, type Token } from './sql92-tokens.ts'
import { compareValues, FAILED, readWhole, type Value } from './sql92-values.ts'

// What may stand where, by the rules of the official parser: a part in its place, or ERR_RMQ_ILLEGAL.

type Test = (order: number) => boolean

export const ORDERS = {
  '>': order => order > 0,
  '>=': order => order >= 0,
  '<': order => order < 0,
  '<=': order => order <= 0,
} as const satisfies Readonly<Record<string, Test>>

const isCondition = ({ kind, constant: value }: Part): boolean =>
  kind === 'truth' || value === null || typeof value === 'boolean'

export const condition = (part: Part, at: number): Part => {
  if (isCondition(part)) return part
  if (part.kind === 'property') return presence(part)
  throw sqlError('expected a condition, not a value', at)
}

export const checkedEqual = (left: Part, right: Part, at: number): Part => {
  if (left.constant === null || right.constant === null) throw sqlError('nothing equals NULL, write IS NULL', at)
  if (typeof left.constant === 'boolean' && right.kind === 'constant' && !isCondition(right)) {
    throw sqlError('TRUE and FALSE equal no text and no number', at)
  }
  return equal(left, right)
}

export const checkedOrdered = (left: Part, right: Part, isMet: Test, at: number): Part => {
  for (const part of [left, right]) {
    if (isCondition(part) || typeof part.constant === 'string') {
      throw sqlError('only numbers and properties can be more or less', at)
    }
  }
  return ordered(left, right, isMet)
}

export const between = (value: Part, [low, high]: readonly [Part, Part], at: number): Part => {
  const from = checkedOrdered(value, low, ORDERS['>='], at)
  const to = checkedOrdered(value, high, ORDERS['<='], at)
  if (low.constant !== undefined && high.constant !== undefined && isAbove(low.constant, high.constant)) {
    throw sqlError('the first bound of BETWEEN is above the second', at)
  }
  return allOf([from, to])
}

const isAbove = (low: Value, high: Value): boolean => compareValues(high, low) === -1

export const notBetween = (value: Part, [low, high]: readonly [Part, Part], at: number): Part =>
  anyOf([checkedOrdered(value, low, ORDERS['<'], at), checkedOrdered(value, high, ORDERS['>'], at)])

/** Of 32 bits if it fits, else of 64. */
export const integer = ({ text, at }: Token): Part => {
  const number = readWhole(text, true)
  if (number === FAILED) throw sqlError('the number is beyond 64 bits', at)
  return constant({ value: number.value, wide: !number.value.equals(number.value.toInt()) })
}

export const decimal = ({ text, at }: Token): Part => {
  const number = Number(text)
  if (number >= Number.MIN_VALUE && number <= Number.MAX_VALUE) return constant(number)
  throw sqlError('the number is none that a double above 0 can hold', at)
}
