import { decodeFailed, illegal } from '../../errors.ts'

/** More than any batch needs; a text of a few bytes must not become a list of millions. */
const MAX_BITS = 1 << 20

/**
 * Numbers from 0 to 1,048,575 as one bit each, bit 0 the lowest of the first byte, in base64; zero bytes at the end are
 * left out (`BitSetSerializerDeserializer`). Throws `ERR_RMQ_ILLEGAL` for other numbers.
 */
export const encodeBitSet = (bits: readonly number[]): string => {
  const outside = bits.find(bit => !Number.isInteger(bit) || bit < 0 || bit >= MAX_BITS)
  if (outside !== undefined) throw illegal(`bit ${outside} is not a whole number from 0 to ${MAX_BITS - 1}`)
  const bytes = Buffer.alloc(bits.reduce((length, bit) => Math.max(length, (bit >> 3) + 1), 0))
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7))
  return bytes.toString('base64')
}

/** The numbers in ascending order. Throws `ERR_RMQ_DECODE` for what is no base64 or too long. */
export const decodeBitSet = (text: string): readonly number[] => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw decodeFailed(`bit set: expected base64, not "${text.slice(0, 32)}"`)
  }
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length > MAX_BITS >> 3)
    throw decodeFailed(`bit set: expected at most ${MAX_BITS >> 3} bytes, not ${bytes.length}`)
  const bits: number[] = []
  for (const [at, byte] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) bits.push(8 * at + bit)
  }
  return bits
}
