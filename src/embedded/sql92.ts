import { illegal } from '../errors.ts'
import { between, checkedEqual, checkedOrdered, condition, decimal, integer } from './sql92-checks.ts'
import { notBetween, ORDERS } from './sql92-checks.ts'
import { allOf, anyOf, constant, equal, negative, not, oneOf } from './sql92-parts.ts'
import { property, textual, type Part, type Properties } from './sql92-parts.ts'
import { sqlError, tokenAt, type Token } from './sql92-tokens.ts'
import { FAILED } from './sql92-values.ts'

/** A filter by properties, as the official broker understands it. */
export interface Sql92 {
  /** Three-valued: `null` is unknown. An expression that compares what cannot be compared fails. */
  readonly evaluate: (properties: Properties) => boolean | null | typeof FAILED
  /** Whether a message is delivered: unknown and failed are no. */
  readonly matches: (properties: Properties) => boolean
}

/** Far more than anybody writes, and little enough that nobody can keep a broker busy or overflow its stack. */
const MAX_LENGTH = 16_384
const MAX_DEPTH = 250

const SEARCHES: Readonly<Record<string, (value: string, text: string) => boolean>> = {
  CONTAINS: (value, text) => value.includes(text),
  STARTSWITH: (value, text) => value.startsWith(text),
  ENDSWITH: (value, text) => value.endsWith(text),
}

const SIGNS = Object.keys(ORDERS) as readonly (keyof typeof ORDERS)[] // the keys that stand there
const WORDS = ['NOT', 'BETWEEN', 'IN', ...Object.keys(SEARCHES)]

/**
 * Reads an expression. As in the official broker the text may go on behind the end of the expression, if what follows next
 * is a word at all. Throws `ERR_RMQ_ILLEGAL` that says where it is wrong.
 */
export const compileSql92 = (expression: string): Sql92 => {
  if (expression.length > MAX_LENGTH) {
    throw illegal(`an SQL92 expression has at most ${MAX_LENGTH} characters, not ${expression.length}`)
  }
  const { evaluate } = parse(expression)
  return {
    evaluate: properties => {
      const value = evaluate(properties)
      return value === FAILED || typeof value === 'boolean' ? value : null // nothing else comes of a condition
    },
    matches: properties => evaluate(properties) === true,
  }
}

const parse = (expression: string): Part => {
  let { token, next } = tokenAt(expression, 0)
  let level = 0

  const isNext = (text: string): boolean => (token.kind === 'word' || token.kind === 'sign') && token.text === text
  const take = (): Token => {
    const taken = token
    ;({ token, next } = tokenAt(expression, next))
    return taken
  }
  const takeIf = (text: string): boolean => {
    if (!isNext(text)) return false
    take()
    return true
  }
  const unexpected = (wanted: string): never => {
    throw sqlError(
      `expected ${wanted}, not ${token.kind === 'end' ? 'the end' : JSON.stringify(token.text.slice(0, 40))}`,
      token.at,
    )
  }
  const must = (text: string): Token => (isNext(text) ? take() : unexpected(text))
  const takeText = (): string => (token.kind === 'text' ? take().text : unexpected('a text in quotes'))

  const deeper = (read: () => Part): Part => {
    if (++level > MAX_DEPTH) throw sqlError(`it is nested more than ${MAX_DEPTH} deep`, token.at)
    const part = read()
    level--
    return part
  }
  /** Long chains of comparisons are deep as well: each is the left side of the next. */
  const grown = (part: Part): Part => {
    if (part.depth > MAX_DEPTH) throw sqlError(`it is nested more than ${MAX_DEPTH} deep`, token.at)
    return part
  }

  const conditions = (word: string, read: () => Part, join: (parts: readonly Part[]) => Part): Part => {
    const { at } = token
    const first = read()
    if (!isNext(word)) return first
    const parts = [condition(first, at)]
    while (takeIf(word)) {
      const { at: begin } = token
      parts.push(condition(read(), begin))
    }
    return grown(join(parts))
  }
  const either = (): Part => conditions('OR', both, anyOf)
  const both = (): Part => conditions('AND', equality, allOf)

  const equality = (): Part => {
    let left = comparison()
    for (;;) {
      const { at } = token
      if (takeIf('=')) left = grown(checkedEqual(left, comparison(), at))
      else if (takeIf('<>')) left = grown(not(checkedEqual(left, comparison(), at)))
      else if (takeIf('IS')) left = grown(nullity(left))
      else return left
    }
  }
  const nullity = (left: Part): Part => {
    const isNot = takeIf('NOT')
    must('NULL')
    const isNull = equal(left, constant(null))
    return isNot ? not(isNull) : isNull
  }

  const comparison = (): Part => {
    let left = unary()
    for (;;) {
      const { at } = token
      const sign = SIGNS.find(isNext)
      if (sign !== undefined) {
        take()
        left = grown(checkedOrdered(left, unary(), ORDERS[sign], at))
      } else if (WORDS.some(isNext)) left = grown(ofWords(left))
      else return left
    }
  }
  /** `[NOT] BETWEEN`, `IN`, `CONTAINS`, `STARTSWITH`, `ENDSWITH` */
  const ofWords = (left: Part): Part => {
    const isNot = takeIf('NOT')
    const { at } = token
    if (takeIf('BETWEEN')) return isNot ? notBetween(left, bounds(), at) : between(left, bounds(), at)
    if (takeIf('IN')) {
      if (left.kind !== 'property') throw sqlError('the left side of IN is no property', at)
      const isOneOf = oneOf(left, texts())
      return isNot ? not(isOneOf) : isOneOf
    }
    const isMet = token.kind === 'word' ? SEARCHES[token.text] : undefined
    if (isMet === undefined) return unexpected('BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH')
    take()
    return textual(left, takeText(), isMet, isNot)
  }
  const bounds = (): readonly [Part, Part] => {
    const low = unary()
    must('AND')
    return [low, unary()]
  }
  const texts = (): ReadonlySet<string> => {
    must('(')
    const all = new Set([takeText()])
    while (takeIf(',')) all.add(takeText())
    must(')')
    return all
  }

  const unary = (): Part =>
    deeper(() => {
      if (takeIf('+')) return unary()
      if (takeIf('-')) return grown(negative(unary()))
      if (!isNext('NOT')) return primary()
      const { at } = take()
      return grown(not(condition(unary(), at)))
    })

  const primary = (): Part => {
    if (takeIf('(')) {
      const inner = either()
      must(')')
      return inner
    }
    if (takeIf('TRUE')) return constant(true)
    if (takeIf('FALSE')) return constant(false)
    if (takeIf('NULL')) return constant(null)
    if (token.kind === 'name') return property(take().text)
    if (token.kind === 'text') return constant(take().text)
    if (token.kind === 'integer') return integer(take())
    return token.kind === 'decimal' ? decimal(take()) : unexpected('a value')
  }

  return condition(either(), 0)
}
