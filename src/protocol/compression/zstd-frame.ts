import { tooLarge } from '../../errors.ts'
import { NO_BODY } from '../frames/frame.ts'
import { inOwnMemory } from '../own-memory.ts'
import { unreadableZstd } from './zstd-bits.ts'
import { decodeZstdBlock } from './zstd-block.ts'
import type { ZstdState } from './zstd-block.ts'
import { unpackZstdWithNode } from './zstd-node.ts'

const MAGIC = 0xfd2fb528
/** Sixteen magics that announce bytes to be passed over: the last digit is free. */
const SKIPPABLE = 0x184d2a50
const MAX_BLOCK_BYTES = 131_072
/** What official clients write at all of their levels. */
const USUAL_WINDOW_BYTES = 8_388_608
/** Of blocks and frames together: they cost memory even if they are empty. */
const MAX_PARTS = 65_536
const BLOCK = { RAW: 0, REPEATED: 1, COMPRESSED: 2 } as const
const FLAG = { SINGLE_SEGMENT: 0x20, RESERVED: 0x08, CHECKSUM: 0x04, DICTIONARY: 0x03 } as const

interface Block {
  readonly kind: number
  readonly at: number
  readonly end: number
  /** What it makes: this exactly, or at most this when it is compressed. */
  readonly length: number
}

/** One frame, as far as it can be judged without unpacking it. */
interface ZstdFrame {
  readonly start: number
  readonly end: number
  readonly blocks: readonly Block[]
  readonly contentBytes: number | undefined
  /** How far back its matches may reach: a decoder in pieces sets so much memory aside. */
  readonly windowBytes: number
}

/** Undefined when the content passes `maxBytes`. */
type UnpackFrame = (bytes: Buffer, frame: ZstdFrame, maxBytes: number) => Buffer | undefined

/**
 * Unpacks zstd frames, with Node where it can. Frames are walked through first: what is cut off or needs a dictionary
 * (`ERR_RMQ_DECODE`) or cannot stay within `maxBytes` (`ERR_RMQ_TOO_LARGE`) costs no memory.
 */
export const decompressZstd = (bytes: Buffer, maxBytes: number): Buffer =>
  unpackFrames(bytes, maxBytes, unpackZstdWithNode === undefined ? unpackHere : unpackWith(unpackZstdWithNode))

/**
 * The same without Node's help. Work is bounded by the output, which is why no package does it: a damaged body of 19 bytes
 * keeps fzstd 0.1.1 busy for minutes or forever. Checksums are not verified.
 */
export const decompressZstdHere = (bytes: Buffer, maxBytes: number): Buffer => unpackFrames(bytes, maxBytes, unpackHere)

const unpackFrames = (bytes: Buffer, maxBytes: number, unpack: UnpackFrame): Buffer => {
  const parts: Buffer[] = []
  let length = 0
  for (const frame of readFrames(bytes)) {
    const announced = frame.contentBytes ?? sum(frame.blocks.filter(block => block.kind !== BLOCK.COMPRESSED))
    if (length + announced > maxBytes) throw tooLarge('the decompressed body', length + announced, maxBytes)
    const part = unpack(bytes, frame, maxBytes - length)
    if (part === undefined) throw tooLarge('the decompressed body, read so far,', maxBytes + 1, maxBytes)
    if (frame.contentBytes !== undefined && frame.contentBytes !== part.length) {
      throw unreadableZstd(frame.start, `a frame of ${frame.contentBytes} bytes, as it announces, not ${part.length},`)
    }
    parts.push(part)
    length += part.length
  }
  const [first = NO_BODY] = parts
  return parts.length > 1 ? Buffer.concat(parts, length) : first
}

const unpackWith =
  (unpack: NonNullable<typeof unpackZstdWithNode>): UnpackFrame =>
  (bytes, frame, maxBytes) => {
    // beyond that it would set more memory aside than its output may have
    if (frame.windowBytes > Math.max(maxBytes, USUAL_WINDOW_BYTES)) return unpackHere(bytes, frame, maxBytes)
    try {
      // 0 is no limit that Node takes
      const part = unpack(bytes.subarray(frame.start, frame.end), { maxOutputLength: Math.max(maxBytes, 1) })
      return part.length > maxBytes ? undefined : inOwnMemory(part)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
      throw unreadableZstd(frame.start, 'an undamaged frame', cause)
    }
  }

const unpackHere: UnpackFrame = (bytes, { blocks, contentBytes }, maxBytes) => {
  // room for one block more than allowed: then it is the limit that is passed, not the block that is damaged
  const room = Math.min(sum(blocks), contentBytes ?? maxBytes + MAX_BLOCK_BYTES)
  const out = Buffer.allocUnsafe(room)
  const length = unpackBlocks(bytes, blocks, out, maxBytes)
  // a great many small frames must not keep the room of large ones
  return length === undefined ? undefined : inOwnMemory(out.subarray(0, length))
}

/** How much of `out` the blocks fill; undefined when that passes `maxBytes`. */
const unpackBlocks = (bytes: Buffer, blocks: readonly Block[], out: Buffer, maxBytes: number): number | undefined => {
  const state: ZstdState = {
    out,
    length: 0,
    huffman: undefined,
    tables: undefined,
    blockAt: 0,
    offsets: [1, 4, 8],
  }
  for (const { kind, at, end, length } of blocks) {
    const limit = Math.min(state.length + length, out.length)
    if (kind === BLOCK.COMPRESSED) {
      decodeZstdBlock(bytes, at, end, state, limit)
    } else {
      if (limit < state.length + length) {
        throw unreadableZstd(at, `at most ${limit - state.length} more bytes, as the frame announces,`)
      }
      if (kind === BLOCK.RAW) bytes.copy(out, state.length, at, end)
      else out.fill(bytes.subarray(at, end), state.length, limit)
      state.length = limit
    }
    if (state.length > maxBytes) return undefined
  }
  return state.length
}

const readFrames = (bytes: Buffer): readonly ZstdFrame[] => {
  const frames: ZstdFrame[] = []
  let parts = 0
  let at = 0
  do {
    const magic = numberAt(bytes, at, 4)
    if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE) {
      at = within(bytes, at + 8 + numberAt(bytes, at + 4, 4))
    } else {
      if (magic !== MAGIC) throw unreadableZstd(at, 'the beginning of a frame, 28b52ffd,')
      const frame = readFrame(bytes, at)
      frames.push(frame)
      parts += 1 + frame.blocks.length
      if (parts > MAX_PARTS) throw tooManyParts(at)
      at = frame.end
    }
  } while (at < bytes.length)
  return frames
}

const readFrame = (bytes: Buffer, start: number): ZstdFrame => {
  const flag = numberAt(bytes, start + 4, 1)
  if ((flag & FLAG.RESERVED) !== 0) throw unreadableZstd(start + 4, 'no reserved bit')
  const single = (flag & FLAG.SINGLE_SEGMENT) !== 0
  const windowAt = start + 5
  const dictionaryAt = windowAt + (single ? 0 : 1)
  const dictionaryBytes = [0, 1, 2, 4][flag & FLAG.DICTIONARY] ?? 0
  if (dictionaryBytes > 0 && numberAt(bytes, dictionaryAt, dictionaryBytes) !== 0) {
    throw unreadableZstd(dictionaryAt, 'a frame that needs no dictionary')
  }
  const sizeAt = dictionaryAt + dictionaryBytes
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flag >> 6] ?? 0
  // a size of two bytes begins where one byte ends
  const contentBytes = sizeBytes === 0 ? undefined : numberAt(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
  const windowBytes = single ? (contentBytes ?? 0) : windowOf(numberAt(bytes, windowAt, 1))
  const { blocks, end } = readBlocks(bytes, sizeAt + sizeBytes, Math.min(windowBytes, MAX_BLOCK_BYTES))
  return { start, end: within(bytes, end + ((flag & FLAG.CHECKSUM) === 0 ? 0 : 4)), blocks, contentBytes, windowBytes }
}

const windowOf = (descriptor: number): number => 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8)

const readBlocks = (
  bytes: Buffer,
  start: number,
  maxBytes: number,
): { readonly blocks: readonly Block[]; readonly end: number } => {
  const blocks: Block[] = []
  let at = start
  for (;;) {
    const header = numberAt(bytes, at, 3)
    const kind = (header >> 1) & 3
    const size = header >> 3
    if (kind > BLOCK.COMPRESSED) throw unreadableZstd(at, 'a block that is not of a reserved kind')
    if (size > maxBytes) throw unreadableZstd(at, `a block of at most ${maxBytes} bytes, not ${size},`)
    if (blocks.length === MAX_PARTS) throw tooManyParts(at)
    const end = within(bytes, at + 3 + (kind === BLOCK.REPEATED ? 1 : size))
    blocks.push({ kind, at: at + 3, end, length: kind === BLOCK.COMPRESSED ? maxBytes : size })
    at = end
    if ((header & 1) !== 0) return { blocks, end }
  }
}

const tooManyParts = (at: number) => unreadableZstd(at, `no more than ${MAX_PARTS} blocks and frames`)

const sum = (blocks: readonly Block[]): number => blocks.reduce((total, block) => total + block.length, 0)

/** A little-endian number of up to eight bytes; one beyond 2^53 is only compared with limits. */
const numberAt = (bytes: Buffer, at: number, size: number): number => {
  within(bytes, at + size)
  return size <= 6 ? bytes.readUIntLE(at, size) : bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
}

const within = (bytes: Buffer, end: number): number => {
  if (end > bytes.length) throw unreadableZstd(bytes.length, `at least ${end} bytes, but it is cut off`)
  return end
}
