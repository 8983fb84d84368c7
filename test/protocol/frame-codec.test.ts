import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import type { Serialization } from '../../src/protocol/frames/frame-codec.ts'
import { requestFrame } from '../../src/protocol/frames/frame.ts'
import type { Frame } from '../../src/protocol/frames/frame.ts'
import type { Language } from '../../src/protocol/frames/languages.ts'

const LANGUAGES: readonly Language[] = ['JAVA', 'CPP', 'OTHER', 'GO', 'NODE_JS']
const SERIALIZATIONS: readonly Serialization[] = ['json', 'binary']

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })
// text without lone surrogates, which UTF-8 cannot carry
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
const oddNames = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'toJSON', '键', 'k"e\\y')
const fields = fc.dictionary(fc.oneof(oddNames, text), text, { maxKeys: 8 })

const frames: fc.Arbitrary<Frame> = fc.record({
  code: int16,
  language: fc.option(fc.constantFrom(...LANGUAGES), { nil: undefined }),
  version: int16,
  opaque: int32,
  flag: int32,
  remark: fc.option(text, { nil: undefined }),
  fields,
  body: fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
})

const contentOf = ({ fields: texts, body, ...rest }: Frame): unknown => ({
  ...rest,
  fields: new Map(Object.entries(texts)),
  body: body.toString('hex'),
})

const decodeWhole = (bytes: Buffer): Frame => {
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4)
  return decodeFrame(bytes.subarray(4))
}

describe.each(SERIALIZATIONS)('a frame with a %s header', serialization => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(frames, frame => {
        expect(contentOf(decodeWhole(encodeFrame(frame, serialization)))).toEqual(contentOf(frame))
      }),
    )
  })

  it('carries fields named like members of every object', () => {
    const odd = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Record<string, string>
    const read = decodeWhole(encodeFrame(requestFrame(10, { fields: odd }), serialization))
    expect(Object.entries(read.fields).sort()).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
    ])
  })

  it('carries long texts and texts beyond ASCII', () => {
    const long = { ascii: 'x'.repeat(70_000), other: '消息😀'.repeat(5000), short: 'é' }
    const read = decodeWhole(encodeFrame(requestFrame(10, { fields: long, remark: long.other }), serialization))
    expect({ ...read.fields }).toEqual(long)
    expect(read.remark).toBe(long.other)
  })

  it('replaces half of a surrogate pair rather than fail', () => {
    const read = decodeWhole(encodeFrame(requestFrame(10, { fields: { half: 'a\ud83d' } }), serialization))
    expect(read.fields['half']).toBe(serialization === 'json' ? 'a\ud83d' : 'a\ufffd')
  })

  it('is not written beyond the limit, which counts the length prefix', () => {
    const frame = requestFrame(10, { body: Buffer.alloc(500) })
    const size = encodeFrame(frame, serialization).length
    expect(encodeFrame(frame, serialization, size)).toHaveLength(size)
    expect(() => encodeFrame(frame, serialization, size - 1)).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_TOO_LARGE',
        message: `a frame with code 10 has ${size} bytes, the limit is ${size - 1}`,
      }),
    )
  })

  it('is not written beyond 16 MiB by default', () => {
    const frame = requestFrame(10, { body: Buffer.alloc(16_777_216) })
    expect(() => encodeFrame(frame, serialization)).toThrow('the limit is 16777216')
  })

  it('is not written when its header is longer than 24 bits can tell', () => {
    const frame = requestFrame(10, { fields: { long: 'x'.repeat(2 ** 24) } })
    expect(() => encodeFrame(frame, serialization, 2 ** 30)).toThrow(/the header of a frame .* the limit is 16777215/)
  })

  it('has a body that is a view of the bytes, not a copy', () => {
    const bytes = encodeFrame(requestFrame(10, { body: Buffer.from('body') }), serialization)
    const { body } = decodeWhole(bytes)
    bytes[bytes.length - 4] = 0x42
    expect(String(body)).toBe('Body')
  })

  it('that is damaged anywhere is read or refused, never a crash', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(), (frame, hits, cut) => {
        const bytes = encodeFrame(frame, serialization).subarray(4)
        for (const [at, byte] of hits) bytes[at % bytes.length] = byte
        expectReadOrRefused(bytes.subarray(0, bytes.length - (cut % 8)))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a frame', () => {
  it('made of any bytes at all is read or refused, never a crash', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), bytes => expectReadOrRefused(Buffer.from(bytes))))
  })

  it('with a header of an unknown kind is refused by the number of the kind', () => {
    expect(() => decodeFrame(Buffer.from('02000000', 'hex'))).toThrow(
      'serialize type 2 at byte 0 of a frame is unknown',
    )
  })

  it('with a header that ends behind the frame is refused', () => {
    expect(() => decodeFrame(Buffer.from('00000009'.padEnd(24, '0'), 'hex'))).toThrow(
      'a header at byte 4 of a frame ends at byte 13: expected at most 12',
    )
  })

  it('shorter than its fixed part is refused', () => {
    expect(() => decodeFrame(Buffer.alloc(3))).toThrow('a frame ends at byte 3: expected at least 4 bytes')
  })
})

const expectReadOrRefused = (bytes: Buffer): void => {
  try {
    const { fields: texts } = decodeFrame(bytes)
    for (const value of Object.values(texts)) expect(typeof value).toBe('string')
  } catch (error) {
    if (!isRocketError(error)) throw error
    expect(error.code).toBe('ERR_RMQ_PROTOCOL')
  }
}
