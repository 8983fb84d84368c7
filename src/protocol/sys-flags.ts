import { decodeFailed } from '../errors.ts'

/** Bits of the `sysFlag` of a message, in a send header and in a stored record (`MessageSysFlag`). */
export const MESSAGE_FLAG = {
  COMPRESSED: 0x1,
  /** Set by the broker for topics whose messages carry several tags. */
  MULTI_TAGS: 0x2,
  TRANSACTION_PREPARED: 0x4,
  TRANSACTION_COMMIT: 0x8,
  TRANSACTION_ROLLBACK: 0xc,
  BORN_HOST_IPV6: 0x10,
  STORE_HOST_IPV6: 0x20,
  NEED_UNWRAP: 0x40,
  INNER_BATCH: 0x80,
  COMPRESSION_LZ4: 0x100,
  COMPRESSION_ZSTD: 0x200,
  COMPRESSION_ZLIB: 0x300,
} as const

/** Bits of the `sysFlag` of a pull request (`PullSysFlag`). */
export const PULL_FLAG = {
  /** The header's `commitOffset` counts. */
  COMMIT_OFFSET: 0x1,
  /** The broker may hold the request until a message comes (long polling). */
  SUSPEND: 0x2,
  /** The header carries the subscription. */
  SUBSCRIPTION: 0x4,
  CLASS_FILTER: 0x8,
  LITE_PULL: 0x10,
} as const

const TRANSACTION_MASK = 0xc
const COMPRESSION_MASK = 0x700

export type Compression = 'none' | 'zlib' | 'lz4' | 'zstd'
export type TransactionState = 'none' | 'prepared' | 'commit' | 'rollback'

/**
 * How the body of a message with this flag is compressed. Type bits that say nothing mean zlib, as clients before 4.9.4
 * and the Go client write it; a type nobody knows is a decode error. Without the compressed bit the type does not count.
 */
export const compressionOf = (sysFlag: number): Compression => {
  if ((sysFlag & MESSAGE_FLAG.COMPRESSED) === 0) return 'none'
  const type = sysFlag & COMPRESSION_MASK
  if (type === 0 || type === MESSAGE_FLAG.COMPRESSION_ZLIB) return 'zlib'
  if (type === MESSAGE_FLAG.COMPRESSION_LZ4) return 'lz4'
  if (type === MESSAGE_FLAG.COMPRESSION_ZSTD) return 'zstd'
  throw decodeFailed(`compression type ${type >> 8} is unknown: 1 is LZ4, 2 is ZSTD, 3 is ZLIB`)
}

/** The transaction bits; every message that is not part of a transaction says `none`. */
export const transactionOf = (sysFlag: number): TransactionState => {
  const state = sysFlag & TRANSACTION_MASK
  if (state === MESSAGE_FLAG.TRANSACTION_PREPARED) return 'prepared'
  if (state === MESSAGE_FLAG.TRANSACTION_COMMIT) return 'commit'
  if (state === MESSAGE_FLAG.TRANSACTION_ROLLBACK) return 'rollback'
  return 'none'
}
