import Long from 'long'
import { decodeFailed } from '../errors.ts'
import type { RocketError } from '../errors.ts'

/** What `readLenientJson` reads: JSON, with `Long` for integers beyond 2^53, and tables. */
export type JsonValue = null | boolean | number | string | Long | readonly JsonValue[] | JsonObject | JsonTable
/** An ordinary object. Its members are own properties, whatever they are called. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** An object with objects as keys, which the official serializer writes for maps keyed by message queue. */
export interface JsonTable {
  readonly entries: readonly (readonly [JsonValue, JsonValue])[]
}

const MAX_DEPTH = 512
/** Each value costs memory of its own, dozens of bytes for two on the wire. No body of the protocol has so many. */
const MAX_VALUES = 1_000_000
/** A safe integer has at most 16 digits; from that length on, a number may be more than a double can tell. */
const RISKY_DIGITS = 16

// known by identity: an ordinary object may have a member named `entries` too
const tables = new WeakSet()

/** Whether a value is an object with objects as keys. */
export const isJsonTable = (value: JsonValue): value is JsonTable =>
  typeof value === 'object' && value !== null && tables.has(value)

/** Whether a value is an ordinary object: no list, no table, no 64-bit number. */
export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Long) && !tables.has(value)

/**
 * Reads what the JSON library of the official servers writes, which is not always JSON: keys without quotes, objects as
 * keys (see `JsonTable`), integers of 64 bits (as `Long` beyond 2^53). Strict JSON without long numbers goes through
 * `JSON.parse`. A member named `__proto__` is an own property like any other.
 * @throws ERR_RMQ_DECODE with the position, also for nesting deeper than 512 and for more than a million values.
 */
export const readLenientJson = (text: string): JsonValue => {
  if (isPlain(text)) {
    try {
      return JSON.parse(text) as JsonValue
    } catch {
      // the reader below decides, and says where it fails
    }
  }
  return readText(text)
}

/** No digits that a double may lose, no deep nesting, not too many values. Looks into strings too: then the slower reader does the work. */
const isPlain = (text: string): boolean => {
  let digits = 0
  let depth = 0
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit >= 0x30 && unit <= 0x39) {
      if (++digits === RISKY_DIGITS) return false
      continue
    }
    digits = 0
    if (unit === OPEN_OBJECT || unit === OPEN_LIST) {
      if (++depth > MAX_DEPTH || ++values > MAX_VALUES) return false
    } else if (unit === COMMA) {
      if (++values > MAX_VALUES) return false
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_LIST) depth--
  }
  return true
}

const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const COMMA = 0x2c

const SPACE = /[ \t\r\n]*/y
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y
const BARE_KEY = /[\w$.+-]+/y
const DOUBLE_QUOTED = /[^"\\]*/y
const SINGLE_QUOTED = /[^'\\]*/y
const HEX = /[0-9a-fA-F]{4}/y
const LITERALS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const readText = (text: string): JsonValue => {
  let at = 0
  let values = 0

  const fail = (expected: string): RocketError =>
    decodeFailed(`JSON: expected ${expected} at character ${at} of ${text.length}`)

  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? ''
    at += found.length
    return found
  }

  const take = (token: string): boolean => {
    match(SPACE)
    if (text[at] !== token) return false
    at++
    return true
  }

  const value = (depth: number): JsonValue => {
    if (depth > MAX_DEPTH) throw fail(`nesting within ${MAX_DEPTH} levels`)
    if (++values > MAX_VALUES) throw fail(`at most ${MAX_VALUES} values`)
    match(SPACE)
    const first = text[at]
    if (first === '{') return object(depth)
    if (first === '[') return list(depth)
    if (first === '"' || first === "'") return string()
    for (const [word, literal] of LITERALS) {
      if (text.startsWith(word, at)) {
        at += word.length
        return literal
      }
    }
    const number = match(NUMBER)
    if (number === '') throw fail('a value')
    return numberOf(number)
  }

  const list = (depth: number): JsonValue => {
    at++
    const items: JsonValue[] = []
    if (take(']')) return items
    do items.push(value(depth + 1))
    while (take(','))
    if (!take(']')) throw fail('"," or "]"')
    return items
  }

  const object = (depth: number): JsonValue => {
    at++
    const entries: [JsonValue, JsonValue][] = []
    if (take('}')) return {}
    do {
      const key = keyOf(depth + 1)
      if (!take(':')) throw fail('":"')
      entries.push([key, value(depth + 1)])
    } while (take(','))
    if (!take('}')) throw fail('"," or "}"')
    return ofEntries(entries)
  }

  const keyOf = (depth: number): JsonValue => {
    match(SPACE)
    const first = text[at]
    if (first === '{' || first === '[') return value(depth)
    if (first === '"' || first === "'") return string()
    const bare = match(BARE_KEY)
    if (bare === '') throw fail('a key')
    return bare
  }

  const string = (): string => {
    const quote = text[at++]
    const plain = quote === '"' ? DOUBLE_QUOTED : SINGLE_QUOTED
    let read = match(plain)
    while (text[at] !== quote) {
      if (at >= text.length) throw fail('the end of a string')
      at++
      read += escaped() + match(plain)
    }
    at++
    return read
  }

  const escaped = (): string => {
    const letter = text[at] ?? ''
    const plain = ESCAPES[letter]
    if (letter !== 'u' && plain === undefined) throw fail('an escape sequence')
    at++
    if (plain !== undefined) return plain
    const digits = match(HEX)
    if (digits === '') throw fail('four hexadecimal digits')
    return String.fromCharCode(parseInt(digits, 16))
  }

  const root = value(0)
  match(SPACE)
  if (at < text.length) throw fail('the end')
  return root
}

const numberOf = (text: string): JsonValue => {
  const number = Number(text)
  // longer texts than 64 bits have are not worth exact arithmetic, which they could make very slow
  if (Number.isSafeInteger(number) || text.length > 20 || !/^-?\d+$/.test(text)) return number
  const exact = BigInt(text)
  return BigInt.asIntN(64, exact) === exact ? Long.fromString(text) : number
}

const ofEntries = (entries: readonly (readonly [JsonValue, JsonValue])[]): JsonObject | JsonTable => {
  if (entries.some(([key]) => typeof key !== 'string')) {
    const table: JsonTable = { entries }
    tables.add(table)
    return table
  }
  // fromEntries defines properties, so that `__proto__` does not set the prototype; the last of equal keys wins
  return Object.fromEntries(entries as readonly (readonly [string, JsonValue])[])
}
