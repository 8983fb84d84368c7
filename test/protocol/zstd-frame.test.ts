import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { decompressZstd, decompressZstdHere } from '../../src/protocol/compression/zstd-frame.ts'
import { FAST_BLOCKS, MANY_BLOCKS, REPEATED_OFFSETS } from '../support/zstd-samples.ts'

const DECODE = expect.objectContaining({ code: 'ERR_RMQ_DECODE' }) as unknown
const TOO_LARGE = expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }) as unknown
const MIB = 1_048_576
const HELLO = Buffer.from('28b52ffd240a51000068656c6c6f207a737464cfdb609c', 'hex')

/** A frame without size and checksum, of one block whose header is made to fit. */
const frameOf = (kind: number, size: number, content: Buffer, windowDescriptor = 0x58): Buffer => {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor, 0, 0, 0])
  header.writeUIntLE(1 | (kind << 1) | (size << 3), 6, 3)
  return Buffer.concat([header, content])
}

describe.each([
  ['with the help of Node where it has it', decompressZstd],
  ['without help', decompressZstdHere],
])('reading zstd %s', (_title, decompress) => {
  it.each([
    ['many kinds of blocks', MANY_BLOCKS],
    ['predefined tables', FAST_BLOCKS],
    ['repeated offsets', REPEATED_OFFSETS],
  ])('understands %s', (_what, { bytes, length, crc32: expected }) => {
    const content = decompress(bytes, length)
    expect(content).toHaveLength(length)
    expect(crc32(content)).toBe(expected)
  })

  it('passes over what is skippable, and joins frames', () => {
    const skippable = Buffer.from('5f2a4d1803000000616263', 'hex')
    expect(decompress(Buffer.concat([skippable, HELLO, skippable, HELLO]), MIB).toString()).toBe('hello zstdhello zstd')
  })

  it('allows blocks as large as the window', () => {
    // an eighth more than 1 KiB
    expect(decompress(frameOf(0, 1_152, Buffer.alloc(1_152), 1), MIB)).toHaveLength(1_152)
    expect(() => decompress(frameOf(0, 1_153, Buffer.alloc(1_153), 1), MIB)).toThrow(
      /a block of at most \d+ bytes, not \d+, at byte \d+/,
    )
  })

  it('counts all frames against the limit', () => {
    const twice = Buffer.concat([HELLO, HELLO])
    expect(decompress(twice, 20)).toHaveLength(20)
    expect(() => decompress(twice, 19)).toThrow(TOO_LARGE)
    expect(() => decompress(twice, 19)).toThrow('the decompressed body has 20 bytes, the limit is 19')
  })

  it('stops at the limit when no frame says how long it is', () => {
    expect(() => decompress(MANY_BLOCKS.bytes, MANY_BLOCKS.length - 1)).toThrow(TOO_LARGE)
    expect(() => decompress(MANY_BLOCKS.bytes, 0)).toThrow(TOO_LARGE)
  })

  it('refuses a frame that repeats more than the limit without making it', () => {
    const bomb = frameOf(1, 131_072, Buffer.from('z'))
    expect(decompress(bomb, 131_072)).toHaveLength(131_072)
    expect(() => decompress(bomb, 1000)).toThrow('has 131072 bytes, the limit is 1000')
  })

  it.each([
    ['is cut off anywhere', MANY_BLOCKS.bytes.subarray(0, -1), /cut off/],
    ['is empty', Buffer.alloc(0), /cut off at byte 0/],
    [
      'is followed by something else',
      Buffer.concat([HELLO, Buffer.from('hello')]),
      /expected the beginning of a frame, 28b52ffd, at byte 23/,
    ],
    ['has a block of a reserved kind', frameOf(3, 0, Buffer.alloc(0)), /reserved kind/],
    [
      'has a block beyond 128 KiB',
      frameOf(0, 131_073, Buffer.alloc(131_073)),
      /a block of at most \d+ bytes, not \d+, at byte \d+/,
    ],
    [
      'has a block beyond its window',
      frameOf(0, 1_025, Buffer.alloc(1_025), 0),
      /a block of at most \d+ bytes, not \d+, at byte \d+/,
    ],
    ['needs a dictionary', Buffer.from('28b52ffd015801010000', 'hex'), /needs no dictionary at byte 6/],
    ['has a reserved bit', Buffer.from('28b52ffd0858010000', 'hex'), /reserved bit/],
    ['announces more than it holds', Buffer.from('28b52ffd200b51000068656c6c6f207a737464', 'hex'), /zstd/],
  ])('refuses what %s', (_what, bytes, why) => {
    expect(() => decompress(bytes, MIB)).toThrow(why)
    expect(() => decompress(bytes, MIB)).toThrow(DECODE)
  })

  it.each([
    ['empty blocks', Buffer.concat([HELLO.subarray(0, 4), Buffer.from([0, 0x58]), Buffer.alloc(200_000)])],
    ['empty frames', Buffer.concat(Array<Buffer>(40_000).fill(Buffer.from('28b52ffd0058010000', 'hex')))],
  ])('takes no memory for a great many %s', (_what, bytes) => {
    expect(() => decompress(bytes, MIB)).toThrow(/no more than 65536 blocks and frames at byte \d+/)
  })

  it('never crashes on damaged bytes', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(MANY_BLOCKS, FAST_BLOCKS, REPEATED_OFFSETS), edits, (sample, changes) => {
        const bytes = Buffer.from(sample.bytes)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        try {
          expect(decompress(bytes, 10_000).length).toBeLessThanOrEqual(10_000)
        } catch (error) {
          if (!isRocketError(error)) throw error
          expect(['ERR_RMQ_DECODE', 'ERR_RMQ_TOO_LARGE']).toContain(error.code)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

/** A frame of the raw block `abcdefgh` and a compressed one. */
const afterLetters = (...compressed: readonly number[]): Buffer => {
  const block = (flags: number, bytes: Buffer) => {
    const header = Buffer.alloc(3)
    header.writeUIntLE(flags | (bytes.length << 3), 0, 3)
    return Buffer.concat([header, bytes])
  }
  const start = Buffer.from('28b52ffd0058', 'hex')
  return Buffer.concat([start, block(0, Buffer.from('abcdefgh')), block(0b101, Buffer.from(compressed))])
}

const rawLiterals = (text: string): readonly number[] => [text.length << 3, ...Buffer.from(text)]
/** Header, one weight, streams: two symbols of one bit each. */
const huffmanLiterals = (...stream: readonly number[]): readonly number[] => [0x42, 0xc0, 0x00, 0x80, 0x10, ...stream]
/** The tables of a number of sequences, all of which are constant. */
const constantSequences = (count: number, literalCode: number, offsetCode: number): readonly number[] => [
  count,
  0x54,
  literalCode,
  offsetCode,
  0,
]

describe.each([
  ['with the help of Node where it has it', decompressZstd],
  ['without help', decompressZstdHere],
])('a block written by hand, read %s,', (_title, decompress) => {
  it.each([
    ['copies from a distance', [...rawLiterals('1234'), ...constantSequences(1, 4, 2), 0b1_11], '1234123'],
    // offsets 8, 1, 4, 8: third, second, third, third of the last ones
    ['repeats offsets', [...rawLiterals('WXYZ'), ...constantSequences(4, 1, 1), 0b1_1011], 'WbcdXXXXYXXXZXXX'],
    // offsets 8, 7, 1: third, first less one, third
    ['repeats offsets without literals', [...rawLiterals(''), ...constantSequences(3, 0, 1), 0b1_010], 'abcefgggg'],
    ['has literals of its own code', [...huffmanLiterals(0b1_0101), 0], '\0\u0001\0\u0001'],
  ])('%s', (_what, block, content) => {
    expect(decompress(afterLetters(...block), 100).toString()).toBe(`abcdefgh${content}`)
  })
})

describe('reading zstd without help', () => {
  it('is not kept busy by a small body that asks for endless work', () => {
    // 98,047 sequences of 131,073 bytes each, all tables constant: other readers in JavaScript run for minutes
    const literals = [0x01 | (1 << 3), 0x61]
    const sequences = [255, 0xff, 0xff, 0x54, 35, 0, 52, 1]
    const block = Buffer.from([...literals, ...sequences])
    expect(() => decompressZstdHere(frameOf(2, block.length, block), 32 * MIB)).toThrow(DECODE)
  })

  it('is not kept busy by weights that never end', () => {
    // the table of weights has one symbol with all the probability: its states need no bits
    const weights = [0xf0, 0x03, 0x00, 0x04]
    const literals = [0x42, 0x80, 0x01, weights.length, ...weights, 0x01]
    const block = Buffer.from([...literals, 0x00])
    expect(() => decompressZstdHere(frameOf(2, block.length, block), MIB)).toThrow(/at most 255 weights at byte/)
  })

  it.each([
    [
      'a match behind the start',
      [...rawLiterals(''), ...constantSequences(1, 0, 3), 0b1_111],
      'at most 8 bytes back, not 12',
    ],
    [
      'a match at distance 0',
      [...rawLiterals(''), ...constantSequences(1, 0, 1), 0b1_1],
      'at most 8 bytes back, not 0',
    ],
    ['more bits than sequences', [...rawLiterals('1234'), ...constantSequences(1, 4, 2), 0, 0b1_11], 'as many bits as'],
    ['a block behind its end', [...rawLiterals('1234'), 0, 0], 'the end of a block without sequences'],
    [
      'more literals used than there are',
      [...rawLiterals('123'), ...constantSequences(1, 4, 2), 0b1_11],
      'at most the 3 literals',
    ],
    [
      'an unknown sequence code',
      [...rawLiterals('1234'), ...constantSequences(1, 36, 2), 0b1_11],
      'a sequence code of at most 35',
    ],
    [
      'a table repeated from nowhere',
      [...rawLiterals('1234'), 1, 0xfc, 0b1_11],
      'where a block repeats one that there is not',
    ],
    [
      'a Huffman table repeated from nowhere',
      [0x43, 0x40, 0x00, 0b1_0101, 0],
      'a Huffman table, where a block repeats one',
    ],
    ['a stream longer than its literals', [...huffmanLiterals(0b1_10101), 0], 'that ends with its literals'],
    ['a stream shorter than its literals', [...huffmanLiterals(0b1_101), 0], 'that ends with its literals'],
    ['Huffman codes beyond 11 bits', [0x42, 0xc0, 0x00, 0x80, 0xc0, 0b1_0101, 0], 'Huffman table that adds up'],
    ['weights that do not add up', [0x42, 0x00, 0x03, 11, ...Array<number>(11).fill(0), 0], 'a table that adds up'],
    [
      'a table beyond its accuracy',
      [...rawLiterals('1234'), 1, 0x80, 0x05, 0b1_11],
      'at most 9 bits of accuracy, not 10',
    ],
    ['more literals than a block', [0x0d, 0x00, 0x80, 0x61, 0], 'at most 131072 literals'],
    [
      'streams beyond the literals',
      [0x46, 0xc0, 0x02, 0x80, 0x10, 1, 0, 1, 0, 99, 0, 0b1_0, 0b1_0, 0b1_0, 0],
      'literals within their block',
    ],
  ])('refuses %s', (_what, block, why) => {
    expect(() => decompressZstdHere(afterLetters(...block), MIB)).toThrow(why)
    expect(() => decompressZstdHere(afterLetters(...block), MIB)).toThrow(DECODE)
  })
})
