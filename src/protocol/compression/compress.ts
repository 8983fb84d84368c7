import { deflateSync } from 'node:zlib'
import { encodeFailed, illegal, isRocketError } from '../../errors.ts'
import { compressLz4 } from './lz4-compress-frame.ts'
import { MESSAGE_FLAG } from '../sys-flags.ts'
import type { Compression } from '../sys-flags.ts'
import { packZstdWithNode } from './zstd-node.ts'

export { decompressBody } from './decompress.ts'

/** How a body may be compressed. */
export type CompressionType = Exclude<Compression, 'none'>

/** Makes bodies smaller: one of those that `compressorFor` knows, or the user's own. */
export interface Compressor {
  /** What the message's flag will say, by which receivers choose how to read it. */
  readonly type: CompressionType
  /** The body as one zlib stream, LZ4 frame (blocks independent of each other) or zstd frame. */
  readonly compress: (body: Buffer, level: number) => Uint8Array
}

/** What the official client uses by default, whatever the type. */
const DEFAULT_COMPRESSION_LEVEL = 5

/** A body as zlib, which receivers of any age can read. `level` is 1 (fast) to 9 (small). */
export const deflateBody = (body: Buffer, level: number = DEFAULT_COMPRESSION_LEVEL): Buffer =>
  deflateSync(body, { level })

const FLAGS: Readonly<Record<CompressionType, number>> = {
  zlib: MESSAGE_FLAG.COMPRESSION_ZLIB,
  lz4: MESSAGE_FLAG.COMPRESSION_LZ4,
  zstd: MESSAGE_FLAG.COMPRESSION_ZSTD,
}

/** What this Node.js can write without help. It reads all of them. */
export const availableCompressions = (packZstd = packZstdWithNode): readonly CompressionType[] =>
  packZstd === null ? ['zlib', 'lz4'] : ['zlib', 'lz4', 'zstd']

/**
 * The compressor of a type, or the given one as it is. To be asked once, when options are read.
 * @throws ERR_RMQ_ILLEGAL when this Node.js cannot write the type.
 */
export const compressorFor = (choice: CompressionType | Compressor, packZstd = packZstdWithNode): Compressor => {
  const type = typeof choice === 'string' ? choice : (choice as Compressor | null)?.type
  if (type === undefined || !Object.hasOwn(FLAGS, type)) {
    throw illegal(`"${String(type)}" is no compression: expected zlib, lz4, zstd or a Compressor of such a type`)
  }
  if (typeof choice === 'object') return choice
  if (type === 'lz4') return { type, compress: compressLz4 }
  if (type === 'zlib') return { type, compress: (body, level) => deflateBody(body, levelWithin(type, level, 9)) }
  if (packZstd === null) {
    throw illegal('this Node.js cannot write zstd: node:zlib has it from 22.15 and 23.8 on', {
      advice: 'run a newer Node.js, pass a Compressor that writes zstd, or choose lz4 or zlib',
    })
  }
  return { type, compress: (body, level) => packZstd(body, levelWithin(type, level, 22)) }
}

const levelWithin = (type: CompressionType, level: number, most: number): number => {
  if (Number.isInteger(level) && level >= 1 && level <= most) return level
  throw illegal(`${type} has no compression level ${level}: expected 1 to ${most}`)
}

/** The bits of `sysFlag` that tell receivers how a body is compressed. */
export const compressionFlags = (type: CompressionType): number => MESSAGE_FLAG.COMPRESSED | FLAGS[type]

/**
 * A compressed body; the one that was given stays as it is. LZ4 has one way only and ignores the level, as the official
 * client does.
 * @throws ERR_RMQ_ILLEGAL for a level that the type does not have, ERR_RMQ_ENCODE when the compressor fails.
 */
export const compressBody = (
  body: Buffer,
  { type, compress }: Compressor,
  level: number = DEFAULT_COMPRESSION_LEVEL,
): Buffer => {
  const packed = packedBy(compress, body, level, type)
  if (!(packed instanceof Uint8Array)) {
    throw encodeFailed(`a body as ${type}`, new TypeError('the compressor gave no bytes'))
  }
  return Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
}

const packedBy = (compress: Compressor['compress'], body: Buffer, level: number, type: CompressionType): unknown => {
  try {
    return compress(body, level)
  } catch (cause) {
    throw isRocketError(cause) ? cause : encodeFailed(`a body as ${type}`, cause)
  }
}
