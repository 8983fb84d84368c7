import { compareDecimals, compareValues, FAILED, isWhole, readDecimal, type Value } from './sql92-values.ts'

export type Properties = Readonly<Record<string, string>>

/** A part of an expression. `truth` is a condition; what a property holds, or a negated number, is none. */
export interface Part {
  readonly kind: 'property' | 'constant' | 'negative' | 'truth'
  readonly evaluate: (properties: Properties) => Value
  /** Of a constant. */
  readonly constant?: Value
  /** Calls inside of each other that evaluating it takes. */
  readonly depth: number
}

export const property = (name: string): Part => ({
  kind: 'property',
  evaluate: properties => (Object.hasOwn(properties, name) ? (properties[name] ?? null) : null),
  depth: 1,
})

export const constant = (value: Value): Part => ({
  kind: 'constant',
  evaluate: () => value,
  constant: value,
  depth: 1,
})

const truth = (parts: readonly Part[], evaluate: Part['evaluate']): Part => ({
  kind: 'truth',
  evaluate,
  depth: 1 + Math.max(...parts.map(part => part.depth)),
})

/** Only of numbers: a property is text, and its negative is unknown. */
export const negative = (part: Part): Part => ({
  kind: 'negative',
  evaluate: properties => {
    const value = part.evaluate(properties)
    if (typeof value === 'number') return -value
    if (isWhole(value)) return { ...value, value: value.value.negate() }
    return value === FAILED ? FAILED : null
  },
  depth: 1 + part.depth,
})

/** A property that stands for itself: false whatever it holds. */
export const presence = (part: Part): Part =>
  truth([part], properties => (part.evaluate(properties) === null ? null : false))

export const not = (part: Part): Part =>
  truth([part], properties => {
    const value = part.evaluate(properties)
    return typeof value === 'boolean' ? !value : value
  })

/** From left to right up to the first one that is as `decisive`, which decides; else unknown if any is. */
const chain = (parts: readonly Part[], decisive: boolean): Part =>
  truth(parts, properties => {
    let isUnknown = false
    for (const part of parts) {
      const value = part.evaluate(properties)
      if (value === decisive || value === FAILED) return value
      if (value === null) isUnknown = true
    }
    return isUnknown ? null : !decisive
  })

export const allOf = (parts: readonly Part[]): Part => chain(parts, false)
export const anyOf = (parts: readonly Part[]): Part => chain(parts, true)

/** The two sides are not treated alike: with nothing on the left it is unknown, with nothing on the right it is false. */
export const equal = (left: Part, right: Part): Part =>
  truth([left, right], properties => {
    const a = left.evaluate(properties)
    if (a === FAILED) return FAILED
    const b = right.evaluate(properties)
    if (b === FAILED) return FAILED
    if (a === null) return b === null ? true : null
    if (b === null) return false
    const order = compareValues(a, b)
    return order === FAILED ? FAILED : order === 0
  })

/** Two texts are compared as decimal numbers. */
export const ordered = (left: Part, right: Part, isMet: (order: number) => boolean): Part =>
  truth([left, right], properties => {
    const a = left.evaluate(properties)
    if (a === null || a === FAILED) return a
    const b = right.evaluate(properties)
    if (b === null || b === FAILED) return b
    const order = typeof a === 'string' && typeof b === 'string' ? compareAsDecimals(a, b) : compareValues(a, b)
    return order === FAILED ? FAILED : isMet(order)
  })

const compareAsDecimals = (left: string, right: string): number | typeof FAILED => {
  const a = readDecimal(left)
  const b = readDecimal(right)
  return a === FAILED || b === FAILED ? FAILED : compareDecimals(a, b)
}

export const oneOf = (part: Part, texts: ReadonlySet<string>): Part =>
  truth([part], properties => {
    const value = part.evaluate(properties)
    return typeof value === 'string' ? texts.has(value) : value
  })

/** False, also of `not`, where there is nothing to search, or to search for. */
export const textual = (part: Part, text: string, isMet: (value: string, text: string) => boolean, isNot: boolean) =>
  truth([part], properties => {
    if (text === '') return false
    const value = part.evaluate(properties)
    if (value === FAILED) return FAILED
    return typeof value === 'string' && isMet(value, text) !== isNot
  })
