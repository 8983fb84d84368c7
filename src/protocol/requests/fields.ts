import Long from 'long'
import { protocolError } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import type { Fields } from '../frames/frame.ts'

/** How one header field looks on the wire, where every value is text. */
export interface Field<T> {
  /** The name on the wire, where it differs from the name in code. */
  readonly wireName?: string
  readonly optional?: true
  /** The text on the wire. */
  readonly write: (value: T) => string
  /** `name` is the name on the wire, for the protocol error about what cannot be read. */
  readonly read: (text: string, name: string) => T
}

export const text: Field<string> = { write: value => value, read: value => value }

export const int: Field<number> = {
  write: String,
  read: (value, name) => {
    const number = INTEGER.test(value) ? Number(value) : NaN
    if ((number | 0) !== number) throw notInteger(name, value, 32)
    return number
  },
}

/** Most digits whose number is surely safe. */
const SAFE_DIGITS = 15

export const int64: Field<Long> = {
  // by way of a number where that is exact: `Long` divides for every six digits
  write: value => (isSafe(value) ? String(value.toNumber()) : value.toString()),
  read: (value, name) => {
    // up to 18 digits fit whatever they are
    if (!INTEGER.test(value) || (value.length > 18 && !fits64Bits(value))) throw notInteger(name, value, 64)
    return value.length <= SAFE_DIGITS ? Long.fromNumber(Number(value)) : Long.fromString(value)
  },
}

/** Longer texts than any 64-bit number has are not read at all. */
const INTEGER = /^[+-]?\d{1,20}$/

const fits64Bits = (value: string): boolean => {
  const number = BigInt(value.startsWith('+') ? value.slice(1) : value)
  return BigInt.asIntN(64, number) === number
}

const notInteger = (name: string, value: string, bits: number): RocketError =>
  protocolError(`header field ${name}: expected an integer of ${bits} bits, not "${value.slice(0, 32)}"`)

const isSafe = ({ high }: Long): boolean => high >= -0x20_0000 && high < 0x20_0000

/** Java reads any casing of "true" as true and everything else as false. */
export const bool: Field<boolean> = { write: String, read: value => value.toLowerCase() === 'true' }

export const optional = <T>(field: Field<T>): Field<T> & { readonly optional: true } => ({ ...field, optional: true })

/** A field whose name on the wire is another one: SEND_MESSAGE_V2 calls the topic `b`. */
export const as = <F extends AnyField>(wireName: string, field: F): F => ({ ...field, wireName })

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where fields of all types stand side by side
type AnyField = Field<any>
/** The fields of a header, by their names in code. */
export type HeaderFields = Readonly<Record<string, AnyField>>

/** The typed header that a row of fields describes. */
export type HeaderOf<F extends HeaderFields> = {
  readonly [K in keyof F as F[K] extends { optional: true } ? never : K]: F[K] extends Field<infer T> ? T : never
} & {
  readonly [K in keyof F as F[K] extends { optional: true } ? K : never]?: F[K] extends Field<infer T>
    ? T | undefined
    : never
}

/** Typed header to wire fields. Values that are undefined are left out, as Java leaves out null. */
export const writeHeader = <F extends HeaderFields>(row: F, header: HeaderOf<F>): Fields => {
  const fields: Record<string, string> = {}
  const values = header as Record<string, unknown>
  for (const name in row) {
    const field = row[name]
    const value = values[name]
    if (field !== undefined && value !== undefined) fields[field.wireName ?? name] = field.write(value)
  }
  return fields
}

/** Wire fields to the typed header; a required field that is missing is a protocol error that names it. */
export const readHeader = <F extends HeaderFields>(row: F, fields: Fields): HeaderOf<F> => {
  const header: Record<string, unknown> = {}
  for (const name in row) {
    const field = row[name]
    if (field === undefined) continue
    const wireName = field.wireName ?? name
    const value = fields[wireName]
    if (value !== undefined) header[name] = field.read(value, wireName)
    else if (!field.optional) throw protocolError(`header field ${wireName} is missing`)
  }
  return header as HeaderOf<F>
}
