import { protocolError } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'

/** Every frame starts with its length, a signed 32-bit number that does not count itself. */
export const LENGTH_BYTES = 4

/** The largest frame read by default, with its length prefix: twice what servers write. */
export const MAX_READ_FRAME_BYTES = 33_554_432

/** The largest frame written by default, with its length prefix: what servers read at most. */
export const MAX_WRITE_FRAME_BYTES = 16_777_216

/** The serialize type and the header's length: what a frame has at least. */
const MIN_FRAME_BYTES = 4

/** Pieces below this are put together as they come: each held piece costs memory of its own, however small it is. */
const SMALL_PIECE_BYTES = 4_096

/** The beginning of a frame whose end has not arrived yet. Made by `cutFrames`, for the next call of `cutFrames`. */
export interface Carry {
  /** Where the frame begins with its length prefix, counted from the first byte of the stream. */
  readonly at: number
  /** How many bytes are held. */
  readonly bytes: number
  /** How many bytes the frame has behind its length prefix; 0 while the prefix itself is not complete. */
  readonly wanted: number
  readonly last: Part | undefined
}

/** A linked list, newest part first: adding a part to a large frame never copies the large parts before it. */
interface Part {
  readonly piece: Buffer
  readonly before: Part | undefined
}

/** The carry of a stream of which nothing has come yet. */
export const NOTHING: Carry = { at: 0, bytes: 0, wanted: 0, last: undefined }

/** What one chunk brought: whole frames, and what is carried on to the next chunk. */
export interface Cut {
  /** Whole frames without their length prefix, in the order they came; views into the chunk where possible. */
  readonly frames: readonly Buffer[]
  readonly carry: Carry
  /** Why nothing behind these frames can be understood: ERR_RMQ_PROTOCOL, with the byte of the stream it is about. */
  readonly failure?: RocketError
}

/**
 * Cuts a chunk of a TCP stream into frames. Pure: what is left over comes back as `carry` and goes into the next call.
 * A length that cannot be one ends the cutting, before anything is allocated for it: the frames in front of it are whole
 * and come with the failure.
 * @param maxBytes largest frame accepted, with its length prefix. Default 33,554,432.
 */
export const cutFrames = (carry: Carry, chunk: Buffer, maxBytes: number = MAX_READ_FRAME_BYTES): Cut => {
  const frames: Buffer[] = []
  /** Where the chunk begins in the stream. */
  const origin = carry.at + carry.bytes + (carry.wanted > 0 ? LENGTH_BYTES : 0)
  let begun = carry
  let at = 0

  if (begun.wanted === 0 && begun.bytes > 0) {
    at = Math.min(LENGTH_BYTES - begun.bytes, chunk.length)
    const prefix = join(begun, chunk.subarray(0, at))
    begun = { at: begun.at, bytes: 0, wanted: 0, last: undefined }
    if (prefix.length < LENGTH_BYTES) return { frames, carry: add(begun, prefix) }
    const wanted = prefix.readInt32BE()
    if (!isLength(wanted, maxBytes)) return { frames, carry: begun, failure: wrongLength(wanted, begun.at, maxBytes) }
    begun = { ...begun, wanted }
  }

  if (begun.wanted > 0) {
    const end = at + begun.wanted - begun.bytes
    if (end > chunk.length) return { frames, carry: add(begun, chunk.subarray(at)) }
    frames.push(join(begun, chunk.subarray(at, end)))
    at = end
  }

  while (chunk.length - at >= LENGTH_BYTES) {
    const wanted = chunk.readInt32BE(at)
    const next: Carry = { at: origin + at, bytes: 0, wanted, last: undefined }
    if (!isLength(wanted, maxBytes)) return { frames, carry: next, failure: wrongLength(wanted, next.at, maxBytes) }
    const start = at + LENGTH_BYTES
    const end = start + wanted
    if (end > chunk.length) return { frames, carry: add(next, chunk.subarray(start)) }
    frames.push(chunk.subarray(start, end))
    at = end
  }
  return { frames, carry: add({ at: origin + at, bytes: 0, wanted: 0, last: undefined }, chunk.subarray(at)) }
}

const isLength = (length: number, maxBytes: number): boolean =>
  length >= MIN_FRAME_BYTES && length + LENGTH_BYTES <= maxBytes

const wrongLength = (length: number, at: number, maxBytes: number): RocketError =>
  protocolError(
    `a frame at byte ${at} of the stream announces ${length} bytes: ` +
      `expected ${MIN_FRAME_BYTES} to ${maxBytes - LENGTH_BYTES}`,
  )

const add = (carry: Carry, piece: Buffer): Carry => {
  if (piece.length === 0) return carry
  let { last } = carry
  let joined = piece
  // as in binary counting, so that a byte is copied a dozen times at most
  while (last !== undefined && last.piece.length <= joined.length && joined.length < SMALL_PIECE_BYTES) {
    joined = Buffer.concat([last.piece, joined])
    last = last.before
  }
  return { ...carry, bytes: carry.bytes + piece.length, last: { piece: joined, before: last } }
}

/** The held parts and the final one as one buffer: for large parts, the only copy that a frame in several chunks costs. */
const join = (carry: Carry, final: Buffer): Buffer => {
  if (carry.bytes === 0) return final
  const whole = Buffer.allocUnsafe(carry.bytes + final.length)
  let end = carry.bytes
  final.copy(whole, end)
  for (let part = carry.last; part !== undefined; part = part.before) {
    end -= part.piece.length
    part.piece.copy(whole, end)
  }
  return whole
}
