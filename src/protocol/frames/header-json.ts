import { isUtf8 } from 'node:buffer'
import Long from 'long'
import { isRocketError, protocolError } from '../../errors.ts'
import { NO_FIELDS } from './frame.ts'
import type { Fields, Frame } from './frame.ts'
import { languageOfCode, languageOfName } from './languages.ts'
import type { Language } from './languages.ts'
import { isJsonObject, readLenientJson } from '../lenient-json.ts'
import type { JsonObject, JsonValue } from '../lenient-json.ts'

type Header = Omit<Frame, 'body'>

/** The header as JSON text. A missing remark and missing fields have no member, as the official writer does it. */
export const writeJsonHeader = ({ code, language, version, opaque, flag, remark, fields }: Frame): string =>
  JSON.stringify({
    code,
    // null, because who leaves it out is taken for Java
    language: language ?? null,
    version,
    opaque,
    flag,
    remark,
    extFields: isEmpty(fields) ? undefined : fields,
  })

const isEmpty = (fields: Fields): boolean => {
  for (const _ in fields) return false
  return true
}

/**
 * Reads a JSON header with the tolerance of the official reader: numbers as text, fields that are no text, any casing of
 * the language, bare keys, single quotes. Not more: rubbish behind the object or bytes that are no UTF-8 break the
 * protocol.
 */
export const readJsonHeader = (bytes: Buffer): Header => {
  const text = bytes.toString('utf8')
  // the decoder replaces what is no UTF-8 by this character, so only its presence asks for a closer look
  if (text.includes(NO_UTF8) && !isUtf8(bytes)) {
    throw protocolError(`a JSON header is not UTF-8: expected it at byte ${firstDamage(bytes, text)}`)
  }
  const header = parse(text)
  return {
    code: int32(header['code'], 'code'),
    language: languageOf(header['language']),
    version: int32(header['version'], 'version'),
    opaque: int32(header['opaque'], 'opaque'),
    flag: int32(header['flag'], 'flag'),
    remark: remarkOf(header['remark'], text),
    fields: fieldsOf(header['extFields'], text),
  }
}

/** From this length on a header is read by the reader that bounds what becomes of it. */
const LARGE_HEADER = 65_536

/** What the decoder makes of bytes that are no UTF-8; it may also have been written. */
const NO_UTF8 = '\ufffd'
const WRITTEN_NO_UTF8 = 0xefbfbd

/** The byte from which on a text is no UTF-8. */
const firstDamage = (bytes: Buffer, text: string): number => {
  let at = 0
  let from = 0
  for (let found = text.indexOf(NO_UTF8); found !== -1; found = text.indexOf(NO_UTF8, from)) {
    at += Buffer.byteLength(text.slice(from, found))
    if (at + 3 > bytes.length || bytes.readUIntBE(at, 3) !== WRITTEN_NO_UTF8) break
    at += 3
    from = found + 1
  }
  return at
}

const parse = (text: string): JsonObject => {
  if (text.length > LARGE_HEADER) return parseLeniently(text)
  let header: JsonValue
  try {
    header = JSON.parse(text) as JsonValue
  } catch {
    return parseLeniently(text)
  }
  return objectOf(header)
}

const parseLeniently = (text: string): JsonObject => {
  try {
    return objectOf(readLenientJson(text))
  } catch (cause) {
    throw protocolError(`a JSON header cannot be read${isRocketError(cause) ? `: ${cause.message}` : ''}`, { cause })
  }
}

const objectOf = (value: JsonValue): JsonObject => {
  if (!isJsonObject(value)) throw protocolError('a JSON header is something else: expected an object')
  return value
}

/** A member that is missing or null is 0, as a Java int that nobody set. */
const int32 = (value: JsonValue | undefined, name: string): number => {
  if (typeof value === 'number' && (value | 0) === value) return value
  if (value === undefined || value === null) return 0
  if (typeof value === 'string' && /^[+-]?\d{1,10}$/.test(value)) {
    const number = Number(value)
    if ((number | 0) === number) return number
  }
  throw protocolError(`${name} of a JSON header: expected a 32-bit integer`)
}

const languageOf = (value: JsonValue | undefined): Language | undefined => {
  // as the official reader does
  if (value === undefined) return 'JAVA'
  if (typeof value === 'string') return languageOfName(value) ?? languageOfName(value.toUpperCase())
  if (value === null) return undefined
  const language = typeof value === 'number' ? languageOfCode(value) : undefined
  if (language === undefined) throw protocolError('language of a JSON header: expected a name or a known number')
  return language
}

const remarkOf = (value: JsonValue | undefined, text: string): string | undefined =>
  typeof value === 'string' || value === undefined ? value : asText(parseLeniently(text)['remark'])

const fieldsOf = (value: JsonValue | undefined, text: string): Fields => {
  if (value === undefined || value === null) return NO_FIELDS
  if (!isJsonObject(value)) throw protocolError('extFields of a JSON header: expected an object')
  for (const name in value) {
    if (typeof value[name] !== 'string') return lenientFields(text)
  }
  // the loop has just seen to it that all values are text
  return value as Fields
}

/**
 * Values that are no text become their text. The header is read once more for that, because plain parsing has rounded
 * large numbers and put no bound on nesting.
 */
const lenientFields = (text: string): Fields => {
  const fields = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(parseLeniently(text)['extFields'] as JsonObject)) {
    const written = asText(value)
    if (written !== undefined) fields[name] = written
  }
  return fields
}

const asText = (value: JsonValue | undefined): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  return value instanceof Long ? value.toString() : JSON.stringify(value)
}
