import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decompressLz4 } from '../../src/protocol/compression/lz4-frame.ts'
import { xxhash32 } from '../../src/protocol/compression/xxhash32.ts'

const MIB = 1_048_576
const TOO_LARGE = expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }) as unknown

interface Sequence {
  readonly literals: Uint8Array
  readonly distance: number
  readonly match: number
}

/** What an LZ4 block says, written plainly: sequences, then literals. */
const blockOf = (sequences: readonly Sequence[], last: Uint8Array): { block: Buffer; content: Buffer } => {
  const block: number[] = []
  const content: number[] = []
  const long = (length: number) => {
    let rest = length - 15
    for (; rest >= 255; rest -= 255) block.push(255)
    if (rest >= 0) block.push(rest)
  }
  const write = (literals: Uint8Array, matchCode: number) => {
    block.push((Math.min(literals.length, 15) << 4) | Math.min(matchCode, 15))
    if (literals.length >= 15) long(literals.length)
    block.push(...literals)
    content.push(...literals)
  }
  for (const { literals, distance, match } of sequences) {
    write(literals, match - 4)
    const reach = 1 + (distance % Math.min(content.length, 65_535))
    block.push(reach & 255, reach >> 8)
    if (match - 4 >= 15) long(match - 4)
    for (let i = 0; i < match; i++) content.push(content[content.length - reach]!)
  }
  write(last, 0)
  return { block: Buffer.from(block), content: Buffer.from(content) }
}

const frameOf = (blocks: readonly Buffer[], descriptor = [0x60, 0x70]): Buffer => {
  const size = Buffer.alloc(4)
  const parts = blocks.flatMap(block => {
    const length = Buffer.from(size)
    length.writeUInt32LE(block.length)
    return [length, block]
  })
  const check = (xxhash32(Buffer.from(descriptor)) >> 8) & 0xff
  return Buffer.concat([Buffer.from('04224d18', 'hex'), Buffer.from([...descriptor, check]), ...parts, size])
}

const sequence = fc.record({
  literals: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  distance: fc.nat({ max: 70_000 }),
  match: fc.integer({ min: 4, max: 600 }),
})

const GROWS = blockOf([{ literals: Buffer.from('z'), distance: 0, match: 65_536 }], Buffer.alloc(0)).block
const HELLO = frameOf([blockOf([], Buffer.from('hello')).block])

describe('reading LZ4', () => {
  it('repeats what its sequences say, however they overlap', () => {
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 8 }), fc.uint8Array({ maxLength: 300 }), (sequences, last) => {
        const { block, content } = blockOf(sequences, last)
        const frame = frameOf([block, block])
        expect(decompressLz4(frame, 2 * content.length).equals(Buffer.concat([content, content]))).toBe(true)
        if (content.length > 0) expect(() => decompressLz4(frame, 2 * content.length - 1)).toThrow(TOO_LARGE)
      }),
    )
  })

  it('repeats all but one byte of what there is, and a byte of itself', () => {
    const literals = Buffer.from('abcdefghijklmnopqrstuvwxyz')
    const { block, content } = blockOf([{ literals, distance: 25, match: 27 }], Buffer.from('!'))
    expect(content.toString()).toBe('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyza!')
    expect(decompressLz4(frameOf([block]), 100).equals(content)).toBe(true)
  })

  it('says how large a body would be before memory is taken for it', () => {
    const bomb = blockOf([{ literals: Buffer.from('z'), distance: 0, match: 4_000_000 }], Buffer.from('end'))
    expect(() => decompressLz4(frameOf([bomb.block]), 1000)).toThrow(/has 4000004 bytes, the limit is 1000/)
  })

  it('passes over what is skippable, and joins frames', () => {
    const skippable = Buffer.from('5f2a4d1803000000616263', 'hex')
    expect(decompressLz4(Buffer.concat([HELLO, skippable, HELLO]), MIB).toString()).toBe('hellohello')
  })

  it.each([
    ['ends within a sequence', frameOf([Buffer.from('1f6101', 'hex')]), /within a sequence/],
    ['has a length without end', frameOf([Buffer.from('f0ffff', 'hex')]), /runs out of its block/],
    ['has a match at distance 0', frameOf([Buffer.from('1061000010', 'hex')]), /reaches 0 bytes back/],
    ['has a match before its block', frameOf([Buffer.from('1061020010', 'hex')]), /reaches 2 bytes back/],
    [
      'has more in a block than it announces',
      frameOf([blockOf([], Buffer.alloc(65_537)).block], [0x60, 0x40]),
      /expected at most 65536 bytes/,
    ],
    ['has a block that grows beyond its frame', frameOf([GROWS], [0x60, 0x40]), /expected at most 65536 bytes/],
    ['has a reserved block size', frameOf([], [0x60, 0x30]), /reserved/],
    ['has another version', frameOf([], [0xa0, 0x70]), /version of the frame is 2 at byte 4: expected 1/],
    ['needs a dictionary', frameOf([], [0x61, 0x70]), /dictionary/],
    [
      'has a damaged header',
      Buffer.from(HELLO).fill(0, 6, 7),
      /header of its frame does not have the expected checksum/,
    ],
    ['is empty', Buffer.alloc(0), /cut off at byte 0/],
    ['is followed by something else', Buffer.concat([HELLO, Buffer.from('hello')]), /no frame begins at byte 21/],
  ])('refuses what %s', (_what, bytes, why) => {
    expect(() => decompressLz4(bytes, MIB)).toThrow(why)
    expect(() => decompressLz4(bytes, MIB)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE' }))
  })

  it.each([
    ['empty blocks', Buffer.concat([HELLO.subarray(0, 7), Buffer.alloc(280_000, Buffer.from('00000080', 'hex'))])],
    ['empty frames', Buffer.concat(Array<Buffer>(70_000).fill(frameOf([])))],
  ])('takes no memory for a great many %s', (_what, bytes) => {
    expect(() => decompressLz4(bytes, MIB)).toThrow(/more than the expected 65536 blocks and frames/)
  })

  it.each([
    ['content', '04224d186440a7150000009f726f636b65746d71200900ffff9d50636b65746d00000000627264a5', /content/],
    ['block', '04224d187040ad150000009f726f636b65746d71200900ffff9d50636b65746d5ef8a08a00000000', /block that begins/],
  ])('verifies the checksum of a %s', (_what, text, why) => {
    const bytes = Buffer.from(text, 'hex')
    expect(decompressLz4(bytes, MIB)).toHaveLength(700)
    bytes.write('R', bytes.indexOf('rocketmq'))
    expect(() => decompressLz4(bytes, MIB)).toThrow(why)
  })

  it('refuses a frame that announces another size than it has', () => {
    const bytes = frameOf([blockOf([], Buffer.from('hello')).block], [0x68, 0x70, 6, 0, 0, 0, 0, 0, 0, 0])
    expect(() => decompressLz4(bytes, MIB)).toThrow(/announces 6 bytes and holds 5/)
  })
})

describe('XXH32', () => {
  // known values of the reference implementation, seed 0
  it.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('of "%s" is what the reference says', (text, expected) => {
    expect(xxhash32(Buffer.from(text))).toBe(expected)
  })
})
