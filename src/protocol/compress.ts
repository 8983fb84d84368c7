import { constants } from 'node:buffer'
import { deflateSync, inflateSync } from 'node:zlib'
import { decodeFailed, tooLarge } from '../errors.ts'
import { decompressLz4 } from './lz4-frame.ts'
import { compressionOf } from './sys-flags.ts'
import { decompressZstd } from './zstd-frame.ts'

/** What the official client uses by default. */
export const DEFAULT_ZLIB_LEVEL = 5

/** A body as zlib, which receivers of any age can read. `level` is 1 (fast) to 9 (small). */
export const deflateBody = (body: Buffer, level: number = DEFAULT_ZLIB_LEVEL): Buffer => deflateSync(body, { level })

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
  try {
    return inflateSync(body, { maxOutputLength: maxBytes })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge('the decompressed body, read so far,', maxBytes + 1, maxBytes)
    }
    throw decodeFailed('the body is not readable zlib', { cause })
  }
}
