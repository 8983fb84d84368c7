import { illegal } from '../errors.ts'
import { wrong } from './problems.ts'

/** What is not of the kind that it must be is ERR_RMQ_ILLEGAL. Only its kind is told, as it may be a secret. */
export const expected = (name: string, value: unknown, isRight: boolean, what: string): void => {
  if (!isRight) wrong(illegal(`${name} is ${kindOf(value)}: expected ${what}`), undefined)
}

export const isFunction = (value: unknown): boolean => typeof value === 'function'

export const isText = (value: unknown): boolean => typeof value === 'string'

export const isListOf = (value: unknown, isRight: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isRight)

/** Options within options: an object, or none. */
export const optionsOf = <T extends object>(name: string, given: T | undefined): Partial<T> => {
  const isObject = given === undefined || (typeof given === 'object' && (given as unknown) !== null)
  expected(name, given, isObject, 'an object of options')
  return isObject ? (given ?? {}) : {}
}

/** What a value is, for messages: short, and nothing of an object. */
export const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'string') return `"${value.slice(0, 80)}"`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return `of the kind ${typeof value}`
}
