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

/** What a pull says about itself; everything left out is false. */
export interface PullSwitches {
  readonly commitOffset?: boolean
  readonly suspend?: boolean
  readonly subscription?: boolean
  readonly classFilter?: boolean
  readonly litePull?: boolean
}

/** The `sysFlag` of a pull request. */
export const pullFlags = (on: PullSwitches): number =>
  (on.commitOffset === true ? PULL_FLAG.COMMIT_OFFSET : 0) |
  (on.suspend === true ? PULL_FLAG.SUSPEND : 0) |
  (on.subscription === true ? PULL_FLAG.SUBSCRIPTION : 0) |
  (on.classFilter === true ? PULL_FLAG.CLASS_FILTER : 0) |
  (on.litePull === true ? PULL_FLAG.LITE_PULL : 0)

/** The same pull without its commit: what a replica is asked, which keeps no offsets. */
export const withoutCommitOffset = (sysFlag: number): number => sysFlag & ~PULL_FLAG.COMMIT_OFFSET

const TRANSACTION_MASK = 0xc
const COMPRESSION_MASK = 0x700

/** How a body is compressed. */
export type Compression = 'none' | 'zlib' | 'lz4' | 'zstd'
/** Where a message stands in its transaction; `none`: it is part of none. */
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
  throw decodeFailed(`compression type ${type >> 8} is unknown: expected 1 (LZ4), 2 (ZSTD) or 3 (ZLIB)`)
}

/** The flag once the body has been decompressed. The type bits stay: nobody looks at them without the compressed bit. */
export const withoutCompression = (sysFlag: number): number => sysFlag & ~MESSAGE_FLAG.COMPRESSED

/** The transaction bits; every message that is not part of a transaction says `none`. */
export const transactionOf = (sysFlag: number): TransactionState => {
  const state = sysFlag & TRANSACTION_MASK
  if (state === MESSAGE_FLAG.TRANSACTION_PREPARED) return 'prepared'
  if (state === MESSAGE_FLAG.TRANSACTION_COMMIT) return 'commit'
  if (state === MESSAGE_FLAG.TRANSACTION_ROLLBACK) return 'rollback'
  return 'none'
}

const TRANSACTION_BITS: Readonly<Record<TransactionState, number>> = {
  none: 0,
  prepared: MESSAGE_FLAG.TRANSACTION_PREPARED,
  commit: MESSAGE_FLAG.TRANSACTION_COMMIT,
  rollback: MESSAGE_FLAG.TRANSACTION_ROLLBACK,
}

/** The flag of the same message in another state of its transaction. */
export const withTransaction = (sysFlag: number, state: TransactionState): number =>
  (sysFlag & ~TRANSACTION_MASK) | TRANSACTION_BITS[state]
