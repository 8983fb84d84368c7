import { tooLarge } from '../../errors.ts'
import { copyLz4Block, measureLz4Block, unreadableLz4 } from './lz4-block.ts'
import { xxhash32 } from './xxhash32.ts'

const MAGIC = 0x184d2204
/** Sixteen magics that announce bytes to be passed over: the last digit is free. */
const SKIPPABLE = 0x184d2a50
const VERSION = 0x40
const FLAG = { INDEPENDENT: 0x20, BLOCK_CHECKSUM: 0x10, SIZE: 0x08, CONTENT_CHECKSUM: 0x04, DICTIONARY: 0x01 } as const
/** By the three bits of the block descriptor; smaller numbers are not used. */
const BLOCK_BYTES = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304]
/** Of blocks and frames together: they cost memory even if they are empty. */
const MAX_PARTS = 65_536
/** The bit of a block's length that says: not compressed. */
const STORED = 0x8000_0000

interface Block {
  readonly at: number
  readonly end: number
  readonly stored: boolean
  readonly length: number
}

/** One frame: its blocks, and where it ends. */
interface Lz4Frame {
  readonly at: number
  readonly blocks: readonly Block[]
  readonly length: number
  readonly checksum: number | undefined
  readonly end: number
}

/**
 * Unpacks LZ4 frames, as the official client writes them. Everything is measured first, so memory is taken only for what
 * will be filled: `ERR_RMQ_TOO_LARGE` when that is more than `maxBytes`. Blocks that depend on each other and dictionaries
 * are refused by name, as the official reader does; checksums are verified. All of that is `ERR_RMQ_DECODE`.
 */
export const decompressLz4 = (bytes: Buffer, maxBytes: number): Buffer => {
  const frames = readFrames(bytes, maxBytes)
  const out = Buffer.allocUnsafe(frames.reduce((sum, frame) => sum + frame.length, 0))
  let at = 0
  for (const { at: frameAt, blocks, length, checksum } of frames) {
    const start = at
    for (const block of blocks) {
      if (block.stored) bytes.copy(out, at, block.at, block.end)
      else copyLz4Block(bytes, block.at, block.end, out, at)
      at += block.length
    }
    if (checksum !== undefined && xxhash32(out.subarray(start, start + length)) !== checksum) {
      throw unreadableLz4(`the content of the frame at byte ${frameAt} does not have the expected checksum`)
    }
  }
  return out
}

const readFrames = (bytes: Buffer, maxBytes: number): readonly Lz4Frame[] => {
  const frames: Lz4Frame[] = []
  let parts = 0
  let at = 0
  let length = 0
  do {
    const magic = uint32At(bytes, at)
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE) {
      at = within(bytes, at + 8 + uint32At(bytes, at + 4))
    } else {
      if (magic !== MAGIC) throw unreadableLz4(`no frame begins at byte ${at}: expected 04224d18`)
      const frame = readFrame(bytes, at + 4, maxBytes - length)
      frames.push(frame)
      parts += 1 + frame.blocks.length
      if (parts > MAX_PARTS) throw tooManyParts(at)
      length += frame.length
      at = frame.end
    }
  } while (at < bytes.length)
  return frames
}

const readFrame = (bytes: Buffer, start: number, maxBytes: number): Lz4Frame => {
  const flag = bytes[start] ?? 0
  const blockBytes = BLOCK_BYTES[((bytes[start + 1] ?? 0) >> 4) & 7] ?? 0
  if ((flag & 0xc0) !== VERSION)
    throw unreadableLz4(`the version of the frame is ${flag >> 6} at byte ${start}: expected 1`)
  if ((flag & FLAG.INDEPENDENT) === 0) {
    throw unreadableLz4(`blocks depend on each other by byte ${start}: expected independent ones, as all readers do`)
  }
  if ((flag & FLAG.DICTIONARY) !== 0) throw unreadableLz4(`it needs a dictionary by byte ${start}: expected none`)
  if (blockBytes === 0) throw unreadableLz4(`the block size at byte ${start + 1} is reserved: expected 4 to 7`)
  const checksumAt = start + 2 + ((flag & FLAG.SIZE) === 0 ? 0 : 8)
  if (((xxhash32(bytes.subarray(start, checksumAt)) >> 8) & 0xff) !== bytes[checksumAt]) {
    throw unreadableLz4(`the header of its frame does not have the expected checksum at byte ${checksumAt}`)
  }

  const blocks: Block[] = []
  let at = checksumAt + 1
  let length = 0
  for (let word = uint32At(bytes, at); word !== 0; word = uint32At(bytes, at)) {
    if (blocks.length === MAX_PARTS) throw tooManyParts(at)
    const block = readBlock(bytes, at + 4, word, blockBytes)
    blocks.push(block)
    length += block.length
    if (length > maxBytes) throw tooLarge('the decompressed body, measured so far,', length, maxBytes)
    at = block.end
    if ((flag & FLAG.BLOCK_CHECKSUM) !== 0) {
      if (xxhash32(bytes.subarray(block.at, block.end)) !== uint32At(bytes, at)) {
        throw unreadableLz4(`the block that begins at byte ${block.at} does not have the expected checksum`)
      }
      at += 4
    }
  }
  at += 4
  if ((flag & FLAG.SIZE) !== 0 && bytes.readBigUInt64LE(start + 2) !== BigInt(length)) {
    throw unreadableLz4(
      `the frame at byte ${start - 4} announces ${bytes.readBigUInt64LE(start + 2)} bytes and holds ${length}: expected as many`,
    )
  }
  const checked = (flag & FLAG.CONTENT_CHECKSUM) !== 0
  return {
    at: start - 4,
    blocks,
    length,
    checksum: checked ? uint32At(bytes, at) : undefined,
    end: checked ? at + 4 : at,
  }
}

const readBlock = (bytes: Buffer, at: number, word: number, blockBytes: number): Block => {
  const stored = word >= STORED
  const end = within(bytes, at + (word & 0x7fff_ffff))
  const length = stored ? end - at : measureLz4Block(bytes, at, end)
  if (length > blockBytes || end - at > blockBytes) {
    throw unreadableLz4(
      `the block that begins at byte ${at} is too large: expected at most ${blockBytes} bytes, as its frame says`,
    )
  }
  return { at, end, stored, length }
}

const uint32At = (bytes: Buffer, at: number): number => {
  within(bytes, at + 4)
  return bytes.readUInt32LE(at)
}

const within = (bytes: Buffer, end: number): number => {
  if (end > bytes.length) throw unreadableLz4(`it is cut off at byte ${bytes.length}: expected at least ${end} bytes`)
  return end
}

const tooManyParts = (at: number) =>
  unreadableLz4(`it has more than the expected ${MAX_PARTS} blocks and frames at byte ${at}`)
