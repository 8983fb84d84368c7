import { bitsOf, byteWithin, peekBits, unreadableZstd } from './zstd-bits.ts'
import { decodeHuffman, readHuffmanTable } from './zstd-huffman.ts'
import type { HuffmanTable } from './zstd-huffman.ts'

const KIND = { RAW: 0, REPEATED: 1, COMPRESSED: 2, TREELESS: 3 } as const
const JUMP_TABLE_BYTES = 6

export interface ZstdLiterals {
  readonly literals: Buffer
  readonly end: number
}

/**
 * The literals at the start of a compressed block, at most `maxBytes`. A Huffman table that comes with them is kept in
 * `state` for blocks that have none.
 */
export const readZstdLiterals = (
  bytes: Buffer,
  start: number,
  end: number,
  state: { huffman: HuffmanTable | undefined },
  maxBytes: number,
): ZstdLiterals => {
  const first = byteWithin(bytes, start, end)
  const kind = first & 3
  const format = (first >> 2) & 3
  if (kind === KIND.RAW || kind === KIND.REPEATED) {
    const headerBytes = [1, 2, 1, 3][format] ?? 1
    const size = peekBits(bytes, 8 * start + (headerBytes === 1 ? 3 : 4), [5, 12, 5, 20][format] ?? 5)
    const at = start + headerBytes
    const literalsEnd = kind === KIND.RAW ? at + size : at + 1
    checkSize(size, maxBytes, start, literalsEnd, end)
    const literals = kind === KIND.RAW ? bytes.subarray(at, literalsEnd) : Buffer.alloc(size, bytes[at])
    return { literals, end: literalsEnd }
  }

  const sizeBits = [10, 10, 14, 18][format] ?? 10
  const size = peekBits(bytes, 8 * start + 4, sizeBits)
  const packedSize = peekBits(bytes, 8 * start + 4 + sizeBits, sizeBits)
  const at = start + ((4 + 2 * sizeBits + 7) >> 3)
  const literalsEnd = at + packedSize
  checkSize(size, maxBytes, start, literalsEnd, end)
  let streamsAt = at
  if (kind === KIND.COMPRESSED) {
    const read = readHuffmanTable(bytes, at, literalsEnd)
    state.huffman = read.table
    streamsAt = read.end
  }
  if (state.huffman === undefined) {
    throw unreadableZstd(start, 'a Huffman table, where a block repeats one that there is not')
  }
  const literals = Buffer.allocUnsafe(size)
  if (format === 0) decodeHuffman(bitsOf(bytes, streamsAt, literalsEnd), state.huffman, literals, 0, size)
  else decodeFourStreams(bytes, streamsAt, literalsEnd, state.huffman, literals)
  return { literals, end: literalsEnd }
}

/** Four streams make a quarter each; a table in front says how long the first three are. */
const decodeFourStreams = (bytes: Buffer, start: number, end: number, table: HuffmanTable, out: Buffer): void => {
  const quarter = (out.length + 3) >> 2
  let at = start + JUMP_TABLE_BYTES
  for (let stream = 0; stream < 4; stream++) {
    const streamEnd = stream === 3 ? end : at + peekBits(bytes, 8 * (start + 2 * stream), 16)
    const from = stream * quarter
    const to = stream === 3 ? out.length : from + quarter
    if (streamEnd > end || from > to) throw unreadableZstd(at, 'literals within their block')
    decodeHuffman(bitsOf(bytes, at, streamEnd), table, out, from, Math.min(to, out.length))
    at = streamEnd
  }
}

const checkSize = (size: number, maxBytes: number, start: number, literalsEnd: number, end: number): void => {
  if (literalsEnd > end) throw unreadableZstd(start, 'literals within their block')
  if (size > maxBytes) throw unreadableZstd(start, `a block of at most ${maxBytes} literals`)
}
