import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { readInt64, toLong, writeInt64 } from '../../src/protocol/int64.ts'

const MAX = 9223372036854775807n
const MIN = -9223372036854775808n
const int64s = fc.bigInt({ min: MIN, max: MAX })

describe('64-bit numbers', () => {
  it('are written as eight bytes, big-endian, and read back', () => {
    fc.assert(
      fc.property(int64s, fc.nat({ max: 5 }), (value, at) => {
        const bytes = Buffer.alloc(at + 8)
        writeInt64(bytes, toLong(value), at)
        expect(bytes.readBigInt64BE(at)).toBe(value)
        expect(readInt64(bytes, at).toString()).toBe(value.toString())
      }),
    )
  })

  it('are the same whether given as bigint, text or Long', () => {
    fc.assert(
      fc.property(int64s, value => {
        const expected = Long.fromString(value.toString())
        expect(toLong(value).equals(expected)).toBe(true)
        expect(toLong(value.toString()).equals(expected)).toBe(true)
        expect(toLong(expected).equals(expected)).toBe(true)
      }),
    )
  })

  it('may be given as safe integers', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        expect(toLong(value).toString()).toBe(String(value))
      }),
    )
  })

  it.each([2 ** 53, -(2 ** 53), 1.5, NaN, Infinity])('are not guessed from the number %s', value => {
    expect(() => toLong(value)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it.each([MAX + 1n, MIN - 1n, 2n ** 200n])('do not wrap around when %s is given', value => {
    expect(() => toLong(value)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
    expect(() => toLong(value.toString())).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it.each(['', ' 1', '1.5', '0x10', '1e3', 'one', '-', '9'.repeat(100_000)])(
    'are not read from the text %.20s',
    text => {
      expect(() => toLong(text)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
    },
  )

  it('may be given as unsigned Longs that fit', () => {
    expect(toLong(Long.fromNumber(7, true))).toEqual(Long.fromNumber(7))
    expect(() => toLong(Long.MAX_UNSIGNED_VALUE)).toThrow('does not fit 64 signed bits')
  })

  it.each([undefined, null, {}, true])('are not made of %s', value => {
    expect(() => toLong(value as never)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it('may have a plus sign in front', () => {
    expect(toLong('+42').toNumber()).toBe(42)
  })
})
