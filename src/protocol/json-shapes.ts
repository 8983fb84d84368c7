import Long from 'long'
import { decodeFailed } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import { isJsonObject, isJsonTable, readLenientJson } from './lenient-json.ts'
import type { JsonObject, JsonValue } from './lenient-json.ts'

/**
 * A JSON object together with where it was found, so that every reading of a member can say what was expected where.
 * A member that is null counts as missing, as for the official reader.
 */
export interface Shape {
  readonly path: string
  readonly members: JsonObject
}

/** The object that a JSON body consists of. `what` names the body in errors. */
export const shapeOfBody = (body: Buffer, what: string): Shape => {
  if (body.length === 0) throw decodeFailed(`${what}: expected JSON, the body is empty`)
  return shapeOf(readLenientJson(body.toString('utf8')), what)
}

const shapeOf = (value: JsonValue | undefined, path: string): Shape => {
  if (!isJsonObject(value)) throw expected('an object', path)
  return { path, members: value }
}

const expected = (what: string, path: string): RocketError => decodeFailed(`${path}: expected ${what}`)

const memberPath = (shape: Shape, name: string): string => `${shape.path}.${name}`

/** A member that is there; undefined when it is missing or null. */
const member = (shape: Shape, name: string): JsonValue | undefined => shape.members[name] ?? undefined

export const textAt = (shape: Shape, name: string, fallback?: string): string => {
  const value = member(shape, name) ?? fallback
  if (typeof value !== 'string') throw expected('a string', memberPath(shape, name))
  return value
}

export const optionalTextAt = (shape: Shape, name: string): string | undefined =>
  member(shape, name) === undefined ? undefined : textAt(shape, name)

/** One of the constants that an enumeration has. */
export const oneOfAt = <Name extends string>(shape: Shape, name: string, names: readonly Name[]): Name => {
  const value = textAt(shape, name)
  const known = names.find(one => one === value)
  if (known === undefined) throw expected(`one of ${names.join(', ')}`, memberPath(shape, name))
  return known
}

/** A safe integer, also when it was written as text. */
export const intAt = (shape: Shape, name: string, fallback?: number): number =>
  asInt(member(shape, name) ?? fallback, memberPath(shape, name))

const asInt = (value: JsonValue | undefined, path: string): number => {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (!Number.isSafeInteger(number)) throw expected('an integer', path)
  return number as number
}

export const numberAt = (shape: Shape, name: string, fallback?: number): number => {
  const value = member(shape, name) ?? fallback
  const number = value instanceof Long ? value.toNumber() : value
  if (typeof number !== 'number') throw expected('a number', memberPath(shape, name))
  return number
}

export const longAt = (shape: Shape, name: string, fallback?: Long): Long => {
  const value = member(shape, name) ?? fallback
  return value instanceof Long ? value : Long.fromNumber(asInt(value, memberPath(shape, name)))
}

export const boolAt = (shape: Shape, name: string, fallback: boolean): boolean => {
  const value = member(shape, name) ?? fallback
  if (typeof value !== 'boolean') throw expected('true or false', memberPath(shape, name))
  return value
}

export const optionalShapeAt = (shape: Shape, name: string): Shape | undefined => {
  const value = member(shape, name)
  return value === undefined ? undefined : shapeOf(value, memberPath(shape, name))
}

/** Members of an object that is a map, each as an object. A missing map is empty. */
export const shapesByName = (shape: Shape, name: string): readonly (readonly [string, Shape])[] =>
  entriesAt(shape, name).map(([key, value, path]) => [key, shapeOf(value, path)])

/** Members of an object that maps text to text. A missing map is empty. */
export const textsByName = (shape: Shape, name: string): readonly (readonly [string, string])[] =>
  entriesAt(shape, name).map(([key, value, path]) => [key, asText(value, path)])

/** Members of an object that maps text to lists of text. A missing map is empty. */
export const textListsByName = (shape: Shape, name: string): readonly (readonly [string, readonly string[]])[] =>
  entriesAt(shape, name).map(([key, value, path]) => [key, asList(value, path).map(item => asText(item, path))])

const entriesAt = (shape: Shape, name: string): readonly (readonly [string, JsonValue, string])[] => {
  const map = optionalShapeAt(shape, name)
  return map === undefined ? [] : Object.entries(map.members).map(([key, value]) => [key, value, map.path])
}

/**
 * A map with objects as keys, or the list of pairs that the Go client takes as well: each entry with the members `key` and
 * `value`. A missing map is empty.
 */
export const pairsAt = (shape: Shape, name: string): readonly Shape[] => {
  const path = memberPath(shape, name)
  const map = member(shape, name) ?? []
  if (isJsonTable(map)) return map.entries.map(pair => pairOf(pair, path))
  if (isJsonObject(map) && Object.keys(map).length === 0) return []
  return asList(map, path).map((item, index) => pairOf(asList(item, `${path}[${index}]`), `${path}[${index}]`))
}

const pairOf = (pair: readonly JsonValue[], path: string): Shape => {
  const [key = null, value = null] = pair
  if (pair.length !== 2) throw expected('a key and a value', path)
  return { path, members: { key, value } }
}

/** Whether a member is a list of objects. */
export const isListOfObjects = (shape: Shape, name: string): boolean => {
  const list = member(shape, name)
  return Array.isArray(list) && isJsonObject(list[0] as JsonValue | undefined)
}

export const shapesAt = (shape: Shape, name: string): readonly Shape[] => {
  const path = memberPath(shape, name)
  return asList(member(shape, name), path).map((item, index) => shapeOf(item, `${path}[${index}]`))
}

/** A missing list is empty. */
export const textsAt = (shape: Shape, name: string): readonly string[] => {
  const path = memberPath(shape, name)
  return asList(member(shape, name) ?? [], path).map(item => asText(item, path))
}

/** A missing list is empty. */
export const intsAt = (shape: Shape, name: string): readonly number[] => {
  const path = memberPath(shape, name)
  return asList(member(shape, name) ?? [], path).map(item => asInt(item, path))
}

const asList = (value: JsonValue | undefined, path: string): readonly JsonValue[] => {
  if (!Array.isArray(value)) throw expected('a list', path)
  return value as readonly JsonValue[]
}

const asText = (value: JsonValue, path: string): string => {
  if (typeof value !== 'string') throw expected('a string', path)
  return value
}
