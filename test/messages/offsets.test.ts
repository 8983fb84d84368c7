import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareOffsets, Long, queueKey, toOffset } from '../../src/messages/offsets.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

describe('an offset', () => {
  it('is the same in every spelling', () => {
    fc.assert(
      fc.property(int64, value => {
        const spellings = [value, value.toString(), Long.fromBigInt(value)]
        for (const spelling of spellings) expect(toOffset(spelling).toBigInt()).toBe(value)
      }),
    )
  })

  it('may be a number as long as that has all its digits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), value => {
        expect(toOffset(value).toString()).toBe(String(value === 0 ? 0 : value))
      }),
    )
  })

  it.each([
    ['a number that has lost digits', 2 ** 53],
    ['a fraction', 1.5],
    ['not a number', NaN],
    ['infinite', Infinity],
    ['a bigint beyond 64 bits', 2n ** 63n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['a text beyond 64 bits', '9223372036854775808'],
    ['a text with more digits than any', '1'.repeat(30)],
    ['an empty text', ''],
    ['a text with a blank', ' 1'],
    ['a text with a fraction', '1.0'],
    ['a text in hexadecimal', '0x1f'],
    ['a text with an exponent', '1e3'],
  ])('that is %s is refused', (_, value) => {
    expect(() => toOffset(value)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it('may have a sign and leading zeros', () => {
    expect(['+7', '-7', '007', '-0'].map(text => toOffset(text).toString())).toEqual(['7', '-7', '7', '0'])
  })
})

describe('the order of offsets', () => {
  it('is that of numbers, which < on two Longs is not', () => {
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const order = compareOffsets(Long.fromBigInt(a), b)
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
    expect(
      [100n, 9n, 10n]
        .map(n => Long.fromBigInt(n))
        .sort(compareOffsets)
        .map(String),
    ).toEqual(['9', '10', '100'])
  })
})

describe('the key of a queue', () => {
  it('names topic, broker and queue', () => {
    expect(queueKey({ topic: 'orders', brokerName: 'broker-a', queueId: 3 })).toBe('orders@broker-a:3')
  })
})
