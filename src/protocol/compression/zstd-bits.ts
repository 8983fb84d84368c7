import { decodeFailed } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'

/** A zstd bit stream, which is read from its end to its start. */
export interface Bits {
  readonly bytes: Buffer
  readonly start: number
  /** Bits that are left: they lie below this position, counted from the start. */
  position: number
}

/** More bits than these cannot be had from one 32-bit word at any position. */
const BITS_AT_ONCE = 24

/** The stream that fills these bytes: the highest bit set in the last one marks the end. */
export const bitsOf = (bytes: Buffer, start: number, end: number): Bits => {
  const last = end > start ? byteAt(bytes, end - 1) : 0
  if (last === 0) throw unreadableZstd(start, 'a bit stream with an end mark')
  return { bytes, start, position: 8 * (end - start) - (Math.clz32(last) - 23) }
}

/** Takes the next bits, at most 32; a stream that has no more is an error. */
export const takeBits = (bits: Bits, count: number): number => {
  if (count > BITS_AT_ONCE) return takeBits(bits, count - 16) * 65_536 + takeBits(bits, 16)
  bits.position -= count
  if (bits.position < 0) throw unreadableZstd(bits.start, 'a longer bit stream')
  return peekBits(bits.bytes, 8 * bits.start + bits.position, count)
}

/** At most 24 bits at a bit position of the bytes; what lies behind them counts as zero. */
export const peekBits = (bytes: Buffer, position: number, count: number): number => {
  const at = position >> 3
  const word =
    byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
  return (word >>> (position & 7)) & ((1 << count) - 1)
}

// undefined behind the end, which the bit operators above read as 0
const byteAt = (bytes: Buffer, at: number): number => bytes[at] as number

/** One byte of a part that ends somewhere: behind it there is none. */
export const byteWithin = (bytes: Buffer, at: number, end: number): number => {
  if (at >= end) throw unreadableZstd(at, 'more of a block that is cut off')
  return byteAt(bytes, at)
}

/** What was expected where; nothing of the body is in it. */
export const unreadableZstd = (at: number, expected: string, cause?: unknown): RocketError =>
  decodeFailed(`the body is not readable zstd: expected ${expected} at byte ${at}`, { cause })
