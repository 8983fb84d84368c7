import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { isJsonObject, isJsonTable, readLenientJson } from '../../src/protocol/lenient-json.ts'
import type { JsonValue } from '../../src/protocol/lenient-json.ts'

/** Long numbers back to doubles, to compare with what JSON.parse makes of them. */
const rounded = (value: JsonValue): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (Long.isLong(value)) return value.toNumber()
  if (Array.isArray(value)) return value.map(rounded)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item as JsonValue)]))
}

describe('lenient JSON', () => {
  it('reads all that is JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), fc.boolean(), (json, slow) => {
        // sixteen digits send the text to the reader of our own
        const text = slow ? `[1234567890123456,${json}]` : json
        expect(rounded(readLenientJson(text))).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  it('reads pretty-printed JSON too', () => {
    const value = { a: [1, { b: '1234567890123456' }], c: {}, d: [] }
    expect(readLenientJson(JSON.stringify(value, null, '\t'))).toEqual(value)
  })

  it('is JSON.parse or a refusal for any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[]:,"\'\\u0123456789abtrue.-+e \n')) }), text => {
        expectReadOrRefused(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads keys without quotes', () => {
    expect(readLenientJson('{0:"a",-7:"b",name:"c",9007199254740993:"d"}')).toEqual({
      '0': 'a',
      '-7': 'b',
      name: 'c',
      '9007199254740993': 'd',
    })
  })

  it('reads strings in single quotes', () => {
    expect(readLenientJson(`{'a':'it\\'s "x"'}`)).toEqual({ a: 'it\'s "x"' })
  })

  it('reads objects as keys into a table', () => {
    const table = readLenientJson('{{"queueId":0}:{"maxOffset":9223372036854775807},{"queueId":1}:12,plain:null}')
    expect(isJsonTable(table)).toBe(true)
    expect(isJsonObject(table)).toBe(false)
    expect(table).toEqual({
      entries: [
        [{ queueId: 0 }, { maxOffset: Long.MAX_VALUE }],
        [{ queueId: 1 }, 12],
        ['plain', null],
      ],
    })
  })

  it('does not take an object with a member named entries for a table', () => {
    expect(isJsonTable(readLenientJson('{"entries":[]}'))).toBe(false)
    expect(isJsonTable(readLenientJson('{entries:[]}'))).toBe(false)
  })

  it('keeps integers beyond 2^53 exact, and only those', () => {
    expect(readLenientJson('[9007199254740993,-9223372036854775808,9007199254740991,1e16,0.1234567890123456]')).toEqual(
      [Long.fromString('9007199254740993'), Long.MIN_VALUE, 9007199254740991, 1e16, 0.1234567890123456],
    )
  })

  it('gives integers beyond 64 bits as JSON.parse does', () => {
    expect(readLenientJson('-9223372036854775809')).toBe(-(2 ** 63))
    expect(readLenientJson('9'.repeat(400))).toBe(Infinity)
    expect(readLenientJson('18446744073709551616')).toBe(2 ** 64)
  })

  it.each(['{"__proto__":{"x":1}}', '{__proto__:{x:1}}'])('makes __proto__ in %s a member like any other', text => {
    const value = readLenientJson(text) as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(value['x']).toBeUndefined()
  })

  it('ends at a depth of 512, whatever the brackets are', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(() => readLenientJson(nested(512))).not.toThrow()
    for (const text of [nested(514), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000), '{'.repeat(1_000_000)]) {
      expect(() => readLenientJson(text)).toThrow('nesting within 512 levels')
    }
  })

  it.each([
    ['', 'expected a value at character 0 of 0'],
    ['{"a":1', 'expected "," or "}" at character 6 of 6'],
    ['[1 2]', 'expected "," or "]" at character 3 of 5'],
    ['{"a" 1}', 'expected ":" at character 5 of 7'],
    ['{:1}', 'expected a key at character 1 of 4'],
    ['"open', 'expected the end of a string at character 5 of 5'],
    ['"\\x41"', 'expected an escape sequence at character 2 of 6'],
    ['"\\u12g4"', 'expected four hexadecimal digits at character 3 of 8'],
    ['{} {}', 'expected the end at character 3 of 5'],
    ['nul', 'expected a value at character 0 of 3'],
  ])('says where %j ends to make sense', (text, message) => {
    expect(() => readLenientJson(text)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_DECODE', message: `JSON: ${message}` }),
    )
  })
})

const expectReadOrRefused = (text: string): void => {
  let strict: unknown
  try {
    strict = JSON.parse(text)
  } catch {
    expectRefusalOrLeniency(text)
    return
  }
  expect(rounded(readLenientJson(text))).toEqual(strict)
}

const expectRefusalOrLeniency = (text: string): void => {
  try {
    readLenientJson(text)
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_RMQ_DECODE' })
  }
}
