/** The shortest match worth a sequence; what a token says is on top of it. */
const MIN_MATCH = 4
/** The format wants the last bytes of a block to be literals. */
const LAST_LITERALS = 5
/** No match begins within so many bytes of the end of its block. */
const MATCH_LIMIT = 12
const MAX_DISTANCE = 65_535
/** A length of 15 in the token goes on in the bytes that follow. */
const LONG = 15
const MIN_TABLE_BITS = 8
const MAX_TABLE_BITS = 14
/** After so many places without a match the search takes longer steps: what does not compress passes quickly. */
const PATIENCE_BITS = 6

/**
 * One LZ4 block for these bytes: every place is looked up by the hash of its next four bytes, and the first match found is
 * taken. Undefined when the block would not be smaller than what it holds: then the format stores it as it is.
 */
export const compressLz4Block = (bytes: Buffer): Buffer | undefined => {
  const end = bytes.length
  const lastMatch = end - MATCH_LIMIT
  const tableBits = Math.min(Math.max(32 - Math.clz32(end), MIN_TABLE_BITS), MAX_TABLE_BITS)
  const places = new Int32Array(1 << tableBits).fill(-1)
  const out: Output = { bytes: Buffer.allocUnsafe(Math.max(end - 1, 0)), length: 0 }
  let literalsAt = 0
  let at = 0
  let misses = 1 << PATIENCE_BITS
  while (at <= lastMatch) {
    const word = bytes.readInt32LE(at)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - tableBits)
    const place = places[slot] as number // a hash has as many bits as the table
    places[slot] = at
    if (place < 0 || at - place > MAX_DISTANCE || bytes.readInt32LE(place) !== word) {
      at += misses++ >> PATIENCE_BITS
      continue
    }
    const matchEnd = endOfMatch(bytes, place + MIN_MATCH, at + MIN_MATCH, end - LAST_LITERALS)
    if (!writeSequence(out, bytes, literalsAt, at, at - place, matchEnd - at)) return undefined
    at = matchEnd
    literalsAt = matchEnd
    misses = 1 << PATIENCE_BITS
  }
  return writeSequence(out, bytes, literalsAt, end, 0, MIN_MATCH) ? out.bytes.subarray(0, out.length) : undefined
}

interface Output {
  /** One byte less than the block holds: more is not wanted. */
  readonly bytes: Buffer
  length: number
}

const endOfMatch = (bytes: Buffer, from: number, start: number, limit: number): number => {
  let at = start
  for (let before = from; at < limit && bytes[at] === bytes[before]; before++) at++
  return at
}

/** Literals, then a match; at distance 0 the literals end the block. False when there is no room left for them. */
const writeSequence = (
  out: Output,
  bytes: Buffer,
  from: number,
  to: number,
  distance: number,
  matchLength: number,
): boolean => {
  const literals = to - from
  const match = matchLength - MIN_MATCH
  const size = 1 + lengthBytes(literals) + literals + (distance === 0 ? 0 : 2 + lengthBytes(match))
  if (out.length + size > out.bytes.length) return false
  out.bytes[out.length++] = (Math.min(literals, LONG) << 4) | Math.min(match, LONG)
  writeLength(out, literals)
  bytes.copy(out.bytes, out.length, from, to)
  out.length += literals
  if (distance === 0) return true
  out.length = out.bytes.writeUInt16LE(distance, out.length)
  writeLength(out, match)
  return true
}

/** How many bytes follow the token for a length. */
const lengthBytes = (length: number): number => (length < LONG ? 0 : Math.floor((length - LONG) / 255) + 1)

const writeLength = (out: Output, length: number): void => {
  if (length < LONG) return
  const full = Math.floor((length - LONG) / 255)
  out.bytes.fill(255, out.length, out.length + full)
  out.length += full
  out.bytes[out.length++] = (length - LONG) % 255
}
