import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressLz4Block } from '../../src/protocol/compression/lz4-compress-block.ts'
import { compressLz4 } from '../../src/protocol/compression/lz4-compress-frame.ts'
import { decompressLz4 } from '../../src/protocol/compression/lz4-frame.ts'

const BLOCK_BYTES = 4_194_304

/** Deterministic bytes that do not compress. */
const noise = (length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let state = 12_345
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    bytes[at] = state >>> 16
  }
  return bytes
}

const comesBack = (body: Buffer): Buffer => {
  const frame = compressLz4(body)
  expect(decompressLz4(frame, body.length).equals(body)).toBe(true)
  return frame
}

describe('writing LZ4', () => {
  it('can be undone, whatever repeats in it', () => {
    const word = fc.constantFrom('a', 'bc', 'order', '消息', '0123456789abcdef', '\0\0\0\0', 'x'.repeat(300))
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 9 })), { maxLength: 200 }), words => {
        comesBack(Buffer.from(words.join('')))
      }),
      { numRuns: 500 },
    )
  })

  it.each([0, 1, 4, 5, 11, 12, 13, 14, 18, 19, 20, 255, 269, 270, 271, 525, 70_000])('of %d equal bytes', length => {
    comesBack(Buffer.alloc(length, 'z'))
  })

  it.each([14, 15, 16, 269, 270, 271, 5_000])('with %d literals in front of a match', literals => {
    comesBack(Buffer.concat([noise(literals), Buffer.alloc(100, 'match'), noise(20)]))
  })

  it('makes a repetition small, up to the reach of a match and not beyond it', () => {
    const piece = noise(1_000)
    const apart = (distance: number) => Buffer.concat([piece, Buffer.alloc(distance - 1_000, 'x'), piece])
    expect(comesBack(apart(65_535)).length).toBeLessThan(1_400)
    expect(comesBack(apart(65_536)).length).toBeGreaterThan(2_000)
  })

  it('stores what does not get smaller, as the official writer does', () => {
    expect(compressLz4Block(noise(300))).toBeUndefined()
    const frame = comesBack(noise(300))
    expect(frame.readUInt32LE(7)).toBe(0x8000_0000 + 300)
    expect(frame).toHaveLength(7 + 4 + 300 + 4)
  })

  it('ends a block with five literals and begins no match in its last twelve bytes, which readers rely on', () => {
    for (const length of [13, 14, 40, 300]) {
      const block = compressLz4Block(Buffer.alloc(length))
      expect(block?.at(-6)).toBe(5 << 4)
    }
    expect(compressLz4Block(Buffer.alloc(12))).toBeUndefined()
  })

  it('begins a new block every 4 MiB, and none of them needs another', () => {
    const body = Buffer.concat([Buffer.alloc(BLOCK_BYTES, 'ab'), Buffer.alloc(10, 'ab')])
    const frame = comesBack(body)
    const second = 11 + frame.readUInt32LE(7)
    expect(frame.readUInt32LE(second)).toBe(0x8000_0000 + 10)
    expect(comesBack(noise(BLOCK_BYTES + 1))).toHaveLength(7 + 4 + BLOCK_BYTES + 4 + 1 + 4)
  })

  it('takes time that grows with the body only, however alike its parts are', () => {
    const almost = Buffer.alloc(1 << 20)
    for (let at = 0; at < almost.length; at += 5) almost[at] = at & 3
    const startedMs = performance.now()
    comesBack(almost)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})
