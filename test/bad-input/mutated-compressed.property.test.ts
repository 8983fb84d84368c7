import { it } from 'vitest'
import { compressionFlags } from '../../src/protocol/compression/compress.ts'
import type { CompressionType } from '../../src/protocol/compression/compress.ts'
import { decompressBody } from '../../src/protocol/compression/decompress.ts'
import { decompressZstdHere } from '../../src/protocol/compression/zstd-frame.ts'
import type { Vector } from '../support/golden.ts'
import { goldenSeeds } from '../support/mutations.ts'
import { CASES, must, valueOrError, withstands } from '../support/robust.ts'
import { FAST_BLOCKS, MANY_BLOCKS, REPEATED_OFFSETS } from '../support/zstd-samples.ts'

/** Less than some of the seeds hold. */
const LIMIT = 4_000
const PLACE = /\bbyte \d+|the limit is|expected one whole stream of RFC 1950/

const seedsOf = (type: CompressionType): readonly Buffer[] => [
  ...goldenSeeds(/^compression/, ({ hex, type: kind }: Vector) =>
    String(kind).toLowerCase() === type ? Buffer.from(hex as string, 'hex') : undefined,
  ),
  ...(type === 'zstd' ? [FAST_BLOCKS, MANY_BLOCKS, REPEATED_OFFSETS].map(({ bytes }) => bytes) : []),
]

const check = (read: () => Buffer): void => {
  const content = valueOrError(read, PLACE)
  if (content === undefined) return
  must(content.length <= LIMIT, 'no content passes the limit')
  must(content.buffer.byteLength <= Math.max(2 * content.length, Buffer.poolSize), 'no content keeps much more alive')
}

it.each([
  ['zlib', CASES.zlib],
  ['lz4', CASES.lz4],
  ['zstd', CASES.zstd],
] as const)(
  'damaged %s is read within the limit, or refused with what was expected',
  (type, cases) => {
    withstands(seedsOf(type), cases, bytes => check(() => decompressBody(bytes, compressionFlags(type), LIMIT)))
  },
  120_000,
)

it('damaged zstd is read in the same way without the help of Node', () => {
  withstands(seedsOf('zstd'), CASES.zstdHere, bytes => check(() => decompressZstdHere(bytes, LIMIT)))
}, 120_000)
