import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { bodyCrc, javaHash, queueIndexByHash, tagCode } from '../../src/protocol/hashes.ts'

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown

describe('hashes', () => {
  it('overflow as in Java', () => {
    expect(javaHash('polygenelubricants')).toBe(-2_147_483_648)
  })

  it('give a message without a tag the code 0', () => {
    expect(tagCode(undefined)).toBe(0)
    expect(tagCode('')).toBe(0)
  })

  it('choose one of the queues there are, whatever the key', () => {
    const key = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    )
    fc.assert(
      fc.property(key, fc.integer({ min: 1, max: 1000 }), (chosen, queues) => {
        const index = queueIndexByHash(chosen, queues)
        expect(index).toBeGreaterThanOrEqual(0)
        expect(index).toBeLessThan(queues)
      }),
    )
  })

  it('choose the queue of the same number, however large it is and however it is written', () => {
    const large = 1_758_273_940_123
    expect(queueIndexByHash(large, 7)).toBe(queueIndexByHash(BigInt(large), 7))
    expect(queueIndexByHash(large, 7)).toBe(queueIndexByHash(Long.fromNumber(large), 7))
  })

  it('refuse keys that are no integer, and to choose from nothing', () => {
    expect(() => queueIndexByHash(1.5, 4)).toThrow(ILLEGAL)
    expect(() => queueIndexByHash(2 ** 60, 4)).toThrow(ILLEGAL)
    expect(() => queueIndexByHash('key', 0)).toThrow(ILLEGAL)
  })

  it('leave the sign bit of a checksum out', () => {
    // CRC-32 of the first is 0xE805D78A
    expect(bodyCrc(Buffer.from('body-2'))).toBe(1_745_213_322)
    expect(bodyCrc(Buffer.from('hello'))).toBe(907_060_870)
    expect(bodyCrc(Buffer.alloc(0))).toBe(0)
  })
})
