import { bitsOf, byteWithin, peekBits, takeBits, unreadableZstd } from './zstd-bits.ts'
import type { Bits } from './zstd-bits.ts'
import { readFseTable } from './zstd-fse.ts'
import type { FseTable } from './zstd-fse.ts'

/** Symbols by the next `log` bits of a stream, and how many of these bits each one uses. */
export interface HuffmanTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

const MAX_WEIGHTS_LOG = 6
const MAX_HUFFMAN_LOG = 11
const MAX_WEIGHTS = 255

/** Reads the description of a Huffman table, and says where it ends. */
export const readHuffmanTable = (
  bytes: Buffer,
  start: number,
  end: number,
): { readonly table: HuffmanTable; readonly end: number } => {
  const header = byteWithin(bytes, start, end)
  const packed = header >= 128
  const bodyEnd = start + 1 + (packed ? (header - 126) >> 1 : header)
  if (bodyEnd > end) throw unreadableZstd(start, `a Huffman table of at most ${end - start - 1} bytes`)
  const weights: number[] = []
  if (packed) {
    // the higher half of a byte comes first
    for (let i = 0; i < header - 127; i++) weights.push(peekBits(bytes, 8 * (start + 1 + (i >> 1)) + 4 * (~i & 1), 4))
  } else {
    const { table, end: tableEnd } = readFseTable(bytes, start + 1, bodyEnd, MAX_HUFFMAN_LOG, MAX_WEIGHTS_LOG)
    readWeights(bitsOf(bytes, tableEnd, bodyEnd), table, weights)
  }
  return { table: huffmanTable(weights, start), end: bodyEnd }
}

/** Two states take turns until the bits are used up; what the other one holds then is the last weight. */
const readWeights = (bits: Bits, { log, symbols, bits: widths, bases }: FseTable, weights: number[]): void => {
  let state = takeBits(bits, log)
  let other = takeBits(bits, log)
  for (;;) {
    weights.push(symbols[state] ?? 0)
    const width = widths[state] ?? 0
    // a damaged table may have states that lead to each other without a bit: only the number of weights ends those
    if (weights.length >= MAX_WEIGHTS)
      throw unreadableZstd(bits.start, `a Huffman table of at most ${MAX_WEIGHTS} weights`)
    if (bits.position < width) break
    const next = (bases[state] ?? 0) + takeBits(bits, width)
    state = other
    other = next
  }
  weights.push(symbols[other] ?? 0)
}

/** The last weight is not written: it is what is missing to a power of two. */
const huffmanTable = (weights: number[], start: number): HuffmanTable => {
  const shareOf = (weight: number) => (weight === 0 ? 0 : 1 << (weight - 1))
  const sum = weights.reduce((total, weight) => total + shareOf(weight), 0)
  const log = 32 - Math.clz32(sum)
  const rest = (1 << log) - sum
  if (sum === 0 || log > MAX_HUFFMAN_LOG || (rest & (rest - 1)) !== 0) {
    throw unreadableZstd(start, 'a Huffman table that adds up')
  }
  weights.push(32 - Math.clz32(rest))
  const symbols = new Uint8Array(1 << log)
  const bits = new Uint8Array(1 << log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) {
    weights.forEach((each, symbol) => {
      if (each !== weight) return
      symbols.fill(symbol, at, at + shareOf(weight))
      bits.fill(log + 1 - weight, at, at + shareOf(weight))
      at += shareOf(weight)
    })
  }
  return { log, symbols, bits }
}

/** Fills a part of `out` from one Huffman stream, which must end there exactly. */
export const decodeHuffman = (stream: Bits, table: HuffmanTable, out: Buffer, start: number, end: number): void => {
  const { log, symbols, bits: widths } = table
  const { bytes } = stream
  const origin = 8 * stream.start
  let { position } = stream
  for (let at = start; at < end; at++) {
    // near the start of the stream the missing low bits count as zero
    const index =
      position >= log
        ? peekBits(bytes, origin + position - log, log)
        : peekBits(bytes, origin, Math.max(position, 0)) << (log - Math.max(position, 0))
    out[at] = symbols[index] as number // the index has `log` bits
    position -= widths[index] as number
  }
  if (position !== 0) throw unreadableZstd(stream.start, 'a Huffman stream that ends with its literals')
}
