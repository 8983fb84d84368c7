import Long from 'long'
import { protocolError } from '../errors.ts'
import type { Fields } from './frame.ts'

/** How one header field looks on the wire, where every value is text. */
export interface Field<T> {
  /** The name on the wire, where it differs from the name in code. */
  readonly wireName?: string
  readonly optional?: true
  readonly write: (value: T) => string
  readonly read: (text: string) => T
}

export const text: Field<string> = { write: value => value, read: value => value }

export const int: Field<number> = {
  write: String,
  read: value => {
    if (!/^[+-]?\d+$/.test(value)) throw protocolError(`"${value.slice(0, 32)}" is not an integer`)
    return Number(value)
  },
}

export const int64: Field<Long> = {
  write: value => value.toString(),
  read: value => {
    if (!/^[+-]?\d+$/.test(value)) throw protocolError(`"${value.slice(0, 32)}" is not an integer`)
    return Long.fromString(value)
  },
}

/** Java reads any casing of "true" as true and everything else as false. */
export const bool: Field<boolean> = { write: String, read: value => value.toLowerCase() === 'true' }

export const optional = <T>(field: Field<T>): Field<T> & { readonly optional: true } => ({ ...field, optional: true })

/** A field whose name on the wire is another one: SEND_MESSAGE_V2 calls the topic `b`. */
export const as = <F extends AnyField>(wireName: string, field: F): F => ({ ...field, wireName })

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one place where fields of all types stand side by side
type AnyField = Field<any>
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
    if (value !== undefined) header[name] = field.read(value)
    else if (!field.optional) throw protocolError(`header field ${wireName} is missing`)
  }
  return header as HeaderOf<F>
}
