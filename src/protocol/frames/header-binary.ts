import { illegal, protocolError, tooLarge } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import { NO_FIELDS } from './frame.ts'
import type { Fields, Frame } from './frame.ts'
import { languageCode, languageOfCode } from './languages.ts'

type Header = Omit<Frame, 'body'>

/** code, language, version, opaque, flag, then the lengths of remark and ext fields. */
const FIXED_BYTES = 21
const ENTRY_BYTES = 6
const MAX_KEY_BYTES = 0x7fff
const NO_LANGUAGE = 0xff
/** Far more than any command has: each costs memory of its own, a hundred bytes for eight on the wire. */
const MAX_FIELDS = 65_536

/**
 * How many bytes the ROCKETMQ form of a frame's header takes.
 * @throws ERR_RMQ_ILLEGAL when the header does not fit this form.
 */
export const binaryHeaderBytes = (frame: Frame): number => {
  if (frame.code < -0x8000 || frame.code > 0x7fff) {
    throw illegal(`code ${frame.code} does not fit the 16 bits of a binary header: use JSON`)
  }
  return FIXED_BYTES + utf8Length(frame.remark ?? '') + fieldBytes(frame.fields)
}

const fieldBytes = (fields: Fields): number => {
  let bytes = 0
  for (const name in fields) {
    const value = fields[name]
    if (isLeftOut(name, value)) continue
    const keyBytes = utf8Length(name)
    if (keyBytes > MAX_KEY_BYTES) throw tooLarge('a key of a binary header', keyBytes, MAX_KEY_BYTES)
    bytes += ENTRY_BYTES + keyBytes + utf8Length(value)
  }
  return bytes
}

/** Length 0 is read as null by servers, which breaks request signing: such fields stay at home. */
const isLeftOut = (name: string, value: string | undefined): value is undefined | '' =>
  name === '' || value === undefined || value === ''

/** Up to this length, walking through a text is faster than two calls into the runtime. Measured on a send header. */
const SHORT_TEXT = 40

const isShortAscii = (text: string): boolean => {
  if (text.length > SHORT_TEXT) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

const utf8Length = (text: string): number => (isShortAscii(text) ? text.length : Buffer.byteLength(text))

const writeUtf8 = (bytes: Buffer, text: string, at: number): number => {
  if (!isShortAscii(text)) return bytes.write(text, at)
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index)
  return text.length
}

/** Writes the header at a place in a buffer that has room for `binaryHeaderBytes`. */
export const writeBinaryHeader = (frame: Frame, bytes: Buffer, start: number): void => {
  const { code, language, version, opaque, flag, remark, fields } = frame
  bytes.writeInt16BE(code, start)
  bytes[start + 2] = language === undefined ? NO_LANGUAGE : languageCode(language)
  bytes.writeInt16BE((version << 16) >> 16, start + 3)
  bytes.writeInt32BE(opaque, start + 5)
  bytes.writeInt32BE(flag, start + 9)
  const remarkBytes = writeUtf8(bytes, remark ?? '', start + 17)
  bytes.writeInt32BE(remarkBytes, start + 13)
  const fieldsAt = start + 17 + remarkBytes + 4
  let at = fieldsAt
  for (const name in fields) {
    const value = fields[name]
    if (isLeftOut(name, value)) continue
    const keyBytes = writeUtf8(bytes, name, at + 2)
    bytes.writeInt16BE(keyBytes, at)
    at += 2 + keyBytes
    const valueBytes = writeUtf8(bytes, value, at + 4)
    bytes.writeInt32BE(valueBytes, at)
    at += 4 + valueBytes
  }
  bytes.writeInt32BE(at - fieldsAt, fieldsAt - 4)
}

/**
 * Reads a header in ROCKETMQ form. Empty remarks and empty values mean that there is none; of a key that occurs twice
 * the last one counts; bytes behind the ext fields are ignored.
 */
export const readBinaryHeader = (bytes: Buffer): Header => {
  if (bytes.length < FIXED_BYTES) {
    throw protocolError(`a binary header ends at byte ${bytes.length}: expected at least ${FIXED_BYTES} bytes`)
  }
  const remarkEnd = 17 + lengthAt(bytes, 13, bytes.length - 4, 'remark')
  const fieldsLength = bytes.readInt32BE(remarkEnd)
  return {
    code: bytes.readInt16BE(0),
    // noUncheckedIndexedAccess: byte 2 exists, see above
    language: languageOfCode(bytes[2] ?? NO_LANGUAGE),
    version: bytes.readInt16BE(3),
    opaque: bytes.readInt32BE(5),
    flag: bytes.readInt32BE(9),
    remark: remarkEnd === 17 ? undefined : bytes.toString('utf8', 17, remarkEnd),
    // the official reader takes a negative length for none
    fields: fieldsLength <= 0 ? NO_FIELDS : readFields(bytes, remarkEnd + 4, remarkEnd + 4 + fieldsLength),
  }
}

const readFields = (bytes: Buffer, start: number, end: number): Fields => {
  if (end > bytes.length) {
    throw protocolError(
      `ext fields at byte ${start} of a binary header end at byte ${end}: expected at most ${bytes.length}`,
    )
  }
  // decoded as a whole: when that gives one character a byte, all texts are cut from it, which is faster
  const whole = bytes.toString('utf8', start, end)
  const isOneToOne = whole.length === end - start
  const textOf = (from: number, to: number): string =>
    isOneToOne ? whole.slice(from - start, to - start) : bytes.toString('utf8', from, to)

  // without prototype, so that `__proto__` is a key like any other
  const fields = Object.create(null) as Record<string, string>
  let at = start
  let count = 0
  while (at < end) {
    if (++count > MAX_FIELDS) {
      throw protocolError(`too many ext fields at byte ${at} of a binary header: expected at most ${MAX_FIELDS}`)
    }
    if (at + ENTRY_BYTES > end) {
      throw protocolError(
        `an ext field is cut off at byte ${at} of a binary header: expected ${ENTRY_BYTES} bytes, ${end - at} are left`,
      )
    }
    const keyStart = at + 2
    const keyEnd = keyStart + bytes.readInt16BE(at)
    if (keyEnd < keyStart || keyEnd + 4 > end) {
      throw wrongLength('the key of an ext field', at, keyEnd - keyStart, end - 4 - keyStart)
    }
    const valueStart = keyEnd + 4
    const valueEnd = valueStart + lengthAt(bytes, keyEnd, end, 'the value of an ext field')
    if (keyEnd > keyStart && valueEnd > valueStart) {
      fields[textOf(keyStart, keyEnd)] = textOf(valueStart, valueEnd)
    }
    at = valueEnd
  }
  return fields
}

/** A 32-bit length whose bytes must end before `end`. */
const lengthAt = (bytes: Buffer, at: number, end: number, what: string): number => {
  const length = bytes.readInt32BE(at)
  if (length < 0 || at + 4 + length > end) {
    throw wrongLength(what, at, length, end - at - 4)
  }
  return length
}

const wrongLength = (what: string, at: number, length: number, most: number): RocketError =>
  protocolError(`${what} at byte ${at} of a binary header has a wrong length, ${length}: expected 0 to ${most}`)
