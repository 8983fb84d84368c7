import { illegal } from '../errors.ts'
import type { RocketError } from '../errors.ts'

/** One word of an expression. Of a `word` that means something by itself the text is in capitals, see `KEYWORDS`. */
export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'integer' | 'decimal' | 'sign' | 'end'
  readonly text: string
  /** Where it begins, for messages. */
  readonly at: number
}

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['NOT', 'AND', 'OR', 'BETWEEN', 'IN', 'TRUE', 'FALSE', 'NULL', 'IS'],
  ...['CONTAINS', 'STARTSWITH', 'ENDSWITH'], // since 5.1.3
])

const BLANKS = /[ \t\n\r\f]*/y
const LINE_END = /[\n\r]/g
// the longest that matches is meant, hence this order of trying them
const NAME = /[a-z_$][a-z0-9_$]*/iy
const DECIMAL = /\d+\.\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+/iy
const INTEGER = /0|[1-9]\d*l?/iy
const TEXT = /'(?:[^']|'')*'/y
const SIGN = /<>|<=|>=|[=<>(),+-]/y

export const sqlError = (what: string, at: number): RocketError =>
  illegal(`SQL92 expression: ${what} at character ${at + 1}`)

/** The word that begins at or behind a position, and where the next one may begin. Throws `ERR_RMQ_ILLEGAL`. */
export const tokenAt = (expression: string, from: number): { readonly token: Token; readonly next: number } => {
  const at = withoutComments(expression, from)
  const found = (kind: Token['kind'], text: string, length = text.length) => ({
    token: { kind, text, at },
    next: at + length,
  })
  if (at === expression.length) return found('end', '')
  const name = matched(NAME, expression, at)
  if (name !== undefined) {
    const word = name.toUpperCase()
    return KEYWORDS.has(word) ? found('word', word) : found('name', name)
  }
  const decimal = matched(DECIMAL, expression, at)
  if (decimal !== undefined) return found('decimal', decimal)
  const integer = matched(INTEGER, expression, at)
  if (integer !== undefined) return found('integer', integer.replace(/l$/i, ''), integer.length)
  const text = matched(TEXT, expression, at)
  if (text !== undefined) return found('text', text.slice(1, -1).replaceAll("''", "'"), text.length)
  const sign = matched(SIGN, expression, at)
  if (sign !== undefined) return found('sign', sign)
  throw sqlError(`${JSON.stringify(expression.charAt(at))} begins no word`, at)
}

/** Behind blanks and comments. A line's comment counts only with the end of its line: without one it is two signs. */
const withoutComments = (expression: string, from: number): number => {
  let at = withoutBlanks(expression, from)
  for (;;) {
    const end = endOfComment(expression, at)
    if (end === undefined) return at
    at = withoutBlanks(expression, end)
  }
}

const endOfComment = (expression: string, at: number): number | undefined => {
  if (expression.startsWith('/*', at)) {
    const end = expression.indexOf('*/', at + 2)
    return end < 0 ? undefined : end + 2
  }
  if (!expression.startsWith('--', at)) return undefined
  LINE_END.lastIndex = at
  const end = LINE_END.exec(expression)?.index
  return end === undefined ? undefined : end + 1
}

const withoutBlanks = (expression: string, from: number): number =>
  from + (matched(BLANKS, expression, from)?.length ?? 0)

const matched = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
