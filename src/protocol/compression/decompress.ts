import { constants } from 'node:buffer'
import { inflateSync } from 'node:zlib'
import { decodeFailed, tooLarge } from '../../errors.ts'
import { decompressLz4 } from './lz4-frame.ts'
import { inOwnMemory } from '../own-memory.ts'
import { compressionOf } from '../sys-flags.ts'
import { decompressZstd } from './zstd-frame.ts'

/**
 * The body as it was before compression; a body that is not compressed comes back as it is. Throws `ERR_RMQ_TOO_LARGE`
 * before more than `maxBytes` are made of it, and `ERR_RMQ_DECODE` when it is not what its flag says.
 */
export const decompressBody = (body: Buffer, sysFlag: number, maxBytes: number): Buffer => {
  const limit = Math.min(maxBytes, constants.MAX_LENGTH)
  switch (compressionOf(sysFlag)) {
    case 'none':
      return body
    case 'zlib':
      return inflate(body, limit)
    case 'lz4':
      return decompressLz4(body, limit)
    case 'zstd':
      return decompressZstd(body, limit)
  }
}

const inflate = (body: Buffer, maxBytes: number): Buffer => {
  const content = inflatedWithin(body, maxBytes)
  if (content === undefined || content.length > maxBytes) {
    throw tooLarge('the decompressed body, read so far,', maxBytes + 1, maxBytes)
  }
  return content
}

/** Undefined when the content passes the limit. */
const inflatedWithin = (body: Buffer, maxBytes: number): Buffer | undefined => {
  try {
    // 0 is no limit that Node takes
    return inOwnMemory(inflateSync(body, { maxOutputLength: Math.max(maxBytes, 1) }))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw decodeFailed(`the body is not readable zlib: expected one whole stream of RFC 1950${whyOf(cause)}`, { cause })
  }
}

const whyOf = (cause: unknown): string => (cause instanceof Error ? `, found ${cause.message}` : '')
