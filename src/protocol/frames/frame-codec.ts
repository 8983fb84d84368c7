import { protocolError, tooLarge } from '../../errors.ts'
import { LENGTH_BYTES, MAX_WRITE_FRAME_BYTES } from './cut-frames.ts'
import { NO_BODY } from './frame.ts'
import type { Frame } from './frame.ts'
import { binaryHeaderBytes, readBinaryHeader, writeBinaryHeader } from './header-binary.ts'
import { readJsonHeader, writeJsonHeader } from './header-json.ts'

/**
 * The two forms of a header. Servers read both and answer in the form of their own configuration, so every frame tells
 * its own. `binary` (ROCKETMQ) is cheaper for servers, but carries neither codes above 32,767 (POP, ACK) nor empty
 * values.
 */
export type Serialization = 'json' | 'binary'

const JSON_TYPE = 0
const BINARY_TYPE = 1
/** The length prefix, the serialize type, and 24 bits for the length of the header. */
const FIXED_BYTES = LENGTH_BYTES + 4
const MAX_HEADER_BYTES = 0xff_ffff

/**
 * A frame as bytes, with its length prefix.
 * @param maxBytes largest frame to write, with its prefix. Default 16,777,216, which is what servers accept.
 * @throws ERR_RMQ_TOO_LARGE beyond that; ERR_RMQ_ILLEGAL when a binary header cannot carry the code.
 */
export const encodeFrame = (
  frame: Frame,
  serialization: Serialization = 'json',
  maxBytes: number = MAX_WRITE_FRAME_BYTES,
): Buffer => {
  if (serialization === 'binary') {
    const headerBytes = binaryHeaderBytes(frame)
    const bytes = allocate(frame, BINARY_TYPE, headerBytes, maxBytes)
    writeBinaryHeader(frame, bytes, FIXED_BYTES)
    return bytes
  }
  const header = writeJsonHeader(frame)
  const bytes = allocate(frame, JSON_TYPE, Buffer.byteLength(header), maxBytes)
  bytes.write(header, FIXED_BYTES)
  return bytes
}

/** The whole buffer of a frame, with all but its header in place. */
const allocate = ({ code, body }: Frame, type: number, headerBytes: number, maxBytes: number): Buffer => {
  const total = FIXED_BYTES + headerBytes + body.length
  if (headerBytes > MAX_HEADER_BYTES)
    throw tooLarge(`the header of a frame with code ${code}`, headerBytes, MAX_HEADER_BYTES)
  if (total > maxBytes) throw tooLarge(`a frame with code ${code}`, total, maxBytes)
  const bytes = Buffer.allocUnsafe(total)
  bytes.writeInt32BE(total - LENGTH_BYTES, 0)
  bytes.writeInt32BE((type << 24) | headerBytes, LENGTH_BYTES)
  body.copy(bytes, FIXED_BYTES + headerBytes)
  return bytes
}

/**
 * A frame from its bytes, as `cutFrames` gives them: without the length prefix. The body is a view, not a copy.
 * @throws ERR_RMQ_PROTOCOL when the bytes are no frame.
 */
export const decodeFrame = (bytes: Buffer): Frame => {
  if (bytes.length < 4) throw protocolError(`a frame ends at byte ${bytes.length}: expected at least 4 bytes`)
  const word = bytes.readInt32BE(0)
  const headerEnd = 4 + (word & MAX_HEADER_BYTES)
  if (headerEnd > bytes.length) {
    throw protocolError(`a header at byte 4 of a frame ends at byte ${headerEnd}: expected at most ${bytes.length}`)
  }
  const { code, language, version, opaque, flag, remark, fields } = readHeader(
    word >>> 24,
    bytes.subarray(4, headerEnd),
  )
  const body = headerEnd === bytes.length ? NO_BODY : bytes.subarray(headerEnd)
  return { code, language, version, opaque, flag, remark, fields, body }
}

const readHeader = (type: number, header: Buffer): Omit<Frame, 'body'> => {
  if (type === JSON_TYPE) return readJsonHeader(header)
  if (type === BINARY_TYPE) return readBinaryHeader(header)
  throw protocolError(`serialize type ${type} at byte 0 of a frame is unknown: expected 0 (JSON) or 1 (ROCKETMQ)`)
}
