import { crc32 } from 'node:zlib'
import { expect } from 'vitest'
import {
  availableCompressions,
  compressBody,
  compressionFlags,
  compressorFor,
} from '../../src/protocol/compression/compress.ts'
import type { CompressionType } from '../../src/protocol/compression/compress.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import type { Handlers, Vector } from './golden.ts'

interface WrittenVector extends Vector {
  readonly type: string
  readonly typeValue: number
  readonly sysFlag: number
  readonly level: number
  readonly raw: string
  readonly hex: string
  readonly expect: string
}

interface ReadVector extends Vector {
  readonly type: string
  readonly hex: string
  readonly expect:
    { readonly hex: string } | { readonly length: number; readonly crc32: number } | { readonly rejected: true }
}

const MAX_BYTES = 4_194_304

const typeOf = ({ type }: { readonly type: string }): CompressionType => type.toLowerCase() as CompressionType

/** We read what the official compressor wrote, and what ours writes says the same under the same flag. */
const checkWritten = (vector: Vector): void => {
  const { raw, hex, sysFlag, typeValue, level, expect: expected } = vector as WrittenVector
  const type = typeOf(vector as WrittenVector)
  expect(raw).toBe(expected)
  expect(compressionFlags(type)).toBe(sysFlag)
  expect(sysFlag >> 8).toBe(typeValue)
  expect(decompressBody(Buffer.from(hex, 'hex'), sysFlag, MAX_BYTES).toString('hex')).toBe(expected)
  if (!availableCompressions().includes(type)) return
  const written = compressBody(Buffer.from(raw, 'hex'), compressorFor(type), level)
  expect(decompressBody(written, sysFlag, MAX_BYTES).toString('hex')).toBe(expected)
  // LZ4 has its frame in common with the official writer, its matches may differ
  if (type === 'lz4') expect(written.subarray(0, 7).toString('hex')).toBe(hex.slice(0, 14))
  expect(written.length).toBeLessThanOrEqual(Math.ceil(hex.length * 0.55))
}

const checkRead = (vector: Vector): void => {
  const { hex, expect: expected } = vector as ReadVector
  const read = (): Buffer =>
    decompressBody(Buffer.from(hex, 'hex'), compressionFlags(typeOf(vector as ReadVector)), MAX_BYTES)
  if ('rejected' in expected) expect(read).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE' }))
  else if ('hex' in expected) expect(read().toString('hex')).toBe(expected.hex)
  else expect({ length: read().length, crc32: crc32(read()) }).toEqual(expected)
}

export const handlers: Handlers = {
  'compression/LZ4': checkWritten,
  'compression/ZSTD': checkWritten,
  'compression/ZLIB': checkWritten,
  'compression/read': checkRead,
}
