import { protocolError } from '../errors.ts'

/** Every frame starts with its length, a signed 32-bit number that does not count itself. */
export const LENGTH_BYTES = 4

/** The largest frame read by default, with its length prefix: twice what servers write. */
export const MAX_READ_FRAME_BYTES = 33_554_432

/** The largest frame written by default, with its length prefix: what servers read at most. */
export const MAX_WRITE_FRAME_BYTES = 16_777_216

/** The serialize type and the header's length: what a frame has at least. */
const MIN_FRAME_BYTES = 4

/** The beginning of a frame whose end has not arrived yet. Made by `cutFrames`, for the next call of `cutFrames`. */
export interface Carry {
  /** How many bytes are held. */
  readonly bytes: number
  /** How many bytes the frame has behind its length prefix; 0 while the prefix itself is not complete. */
  readonly wanted: number
  readonly last: Part | undefined
}

/** A linked list, newest part first: adding a part to a large frame never copies the parts before it. */
interface Part {
  readonly piece: Buffer
  readonly before: Part | undefined
}

export const NOTHING: Carry = { bytes: 0, wanted: 0, last: undefined }

export interface Cut {
  /** Whole frames without their length prefix, in the order they came; views into the chunk where possible. */
  readonly frames: readonly Buffer[]
  readonly carry: Carry
}

/**
 * Cuts a chunk of a TCP stream into frames. Pure: what is left over comes back as `carry` and goes into the next call.
 * @param maxBytes largest frame accepted, with its length prefix. Default 33,554,432.
 * @throws ERR_RMQ_PROTOCOL when an announced length cannot be one, before anything is allocated for it.
 */
export const cutFrames = (carry: Carry, chunk: Buffer, maxBytes: number = MAX_READ_FRAME_BYTES): Cut => {
  const frames: Buffer[] = []
  let begun = carry
  let at = 0

  if (begun.wanted === 0 && begun.bytes > 0) {
    at = Math.min(LENGTH_BYTES - begun.bytes, chunk.length)
    const prefix = join(begun, chunk.subarray(0, at))
    if (prefix.length < LENGTH_BYTES) return { frames, carry: add(NOTHING, prefix) }
    begun = { bytes: 0, wanted: announcedLength(prefix, 0, maxBytes), last: undefined }
  }

  if (begun.wanted > 0) {
    const end = at + begun.wanted - begun.bytes
    if (end > chunk.length) return { frames, carry: add(begun, chunk.subarray(at)) }
    frames.push(join(begun, chunk.subarray(at, end)))
    at = end
  }

  while (chunk.length - at >= LENGTH_BYTES) {
    const wanted = announcedLength(chunk, at, maxBytes)
    const start = at + LENGTH_BYTES
    const end = start + wanted
    if (end > chunk.length) return { frames, carry: add({ bytes: 0, wanted, last: undefined }, chunk.subarray(start)) }
    frames.push(chunk.subarray(start, end))
    at = end
  }
  return { frames, carry: add(NOTHING, chunk.subarray(at)) }
}

const announcedLength = (bytes: Buffer, at: number, maxBytes: number): number => {
  const length = bytes.readInt32BE(at)
  if (length < MIN_FRAME_BYTES)
    throw protocolError(`a frame announces ${length} bytes, it has at least ${MIN_FRAME_BYTES}`)
  if (length + LENGTH_BYTES > maxBytes) {
    throw protocolError(`a frame announces ${length + LENGTH_BYTES} bytes, the limit is ${maxBytes}`)
  }
  return length
}

const add = (carry: Carry, piece: Buffer): Carry =>
  piece.length === 0
    ? carry
    : { bytes: carry.bytes + piece.length, wanted: carry.wanted, last: { piece, before: carry.last } }

/** The held parts and the final one as one buffer: the only copy that a frame in several chunks costs. */
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
