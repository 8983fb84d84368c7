import { decodeFailed } from '../errors.ts'

/** How a topic's values become bodies and back. */
export interface Codec<T> {
  /** Short name, written to the property `contentType` where it is not the default. */
  readonly name: string
  /** What it throws becomes ERR_RMQ_ENCODE of that one send. */
  encode(value: T): Uint8Array
  /** What it throws makes the message an unreadable one: see `onDecodeError`. */
  decode(body: Uint8Array): T
}

/**
 * The part of the Standard Schema v1 interface (standardschema.dev) that we call; zod, valibot and arktype implement it.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    /** The value as the schema gives it, or what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema says of a value: the value it makes of it, or what is wrong. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) // text comes back as it was

/** Bodies as they are: no copy, no interpretation. The default of `topic()`. */
const buffer: Codec<Uint8Array> = { name: 'buffer', encode: value => value, decode: body => body }

/** UTF-8 text. Bytes that are not UTF-8 fail with ERR_RMQ_DECODE. */
const text: Codec<string> = { name: 'text', encode: value => encoder.encode(value), decode: body => decodeUtf8(body) }

/** JSON, checked by a schema if one is given. An asynchronous schema is refused when it first answers. */
const json = <T = unknown>(schema?: StandardSchema<T>): Codec<T> => ({
  name: 'json',
  encode: value => {
    const written = JSON.stringify(value) as string | undefined
    if (written === undefined) throw new TypeError('the value has no JSON form')
    return encoder.encode(written)
  },
  decode: body => validated(parseJson(decodeUtf8(body)), schema),
})

/** Ready-made codecs: `buffer` (bytes as they are), `text` (UTF-8), `json()` (unchecked) and `json(schema)` (checked). */
export const codecs = { buffer, text, json }

const decodeUtf8 = (body: Uint8Array): string => {
  try {
    return decoder.decode(body)
  } catch (cause) {
    throw decodeFailed('the body is not UTF-8', { cause })
  }
}

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, '')) // some writers put a byte order mark in front
  } catch (cause) {
    throw decodeFailed('the body is not JSON', { cause })
  }
}

const validated = <T>(value: unknown, schema: StandardSchema<T> | undefined): T => {
  if (schema === undefined) return value as T
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) throw decodeFailed('the schema validates asynchronously, a codec must be synchronous')
  if (result.issues !== undefined) {
    throw decodeFailed(`the body does not match its schema: ${result.issues.map(issue => issue.message).join('; ')}`)
  }
  return result.value
}
