import Long from 'long'
import { illegal } from '../errors.ts'

/** A signed 64-bit big-endian number at a place in a buffer. */
export const readInt64 = (bytes: Buffer, at: number): Long =>
  Long.fromBits(bytes.readInt32BE(at + 4), bytes.readInt32BE(at))

/** Writes eight bytes, big-endian. */
export const writeInt64 = (bytes: Buffer, value: Long, at: number): void => {
  bytes.writeInt32BE(value.high | 0, at)
  bytes.writeInt32BE(value.low | 0, at + 4)
}

/**
 * What a caller may write for a 64-bit number, as a `Long`. A number must be a safe integer, because beyond 2^53 it no
 * longer says which one was meant; text must be decimal; everything must fit 64 signed bits.
 */
export const toLong = (value: number | bigint | string | Long): Long => {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw illegal(`${value} is not an integer within 2^53: pass a bigint, a Long or text`)
    return Long.fromNumber(value)
  }
  if (typeof value === 'bigint') return fromBigInt(value)
  if (typeof value === 'string') {
    // longer text than any 64-bit number has is refused before it is read
    if (value.length > 20 || !/^[+-]?\d+$/.test(value)) throw illegal(`"${value.slice(0, 32)}" is not a 64-bit integer`)
    return fromBigInt(BigInt(value.startsWith('+') ? value.slice(1) : value))
  }
  if (!Long.isLong(value)) throw illegal(`a 64-bit integer is expected, not ${typeof value}`)
  if (!value.unsigned) return value
  if (value.high < 0) throw illegal(`${value.toString()} does not fit 64 signed bits`)
  return value.toSigned()
}

const fromBigInt = (value: bigint): Long => {
  if (BigInt.asIntN(64, value) !== value) throw illegal(`${value.toString().slice(0, 32)} does not fit 64 signed bits`)
  return Long.fromBits(Number(BigInt.asIntN(32, value)), Number(value >> 32n))
}
