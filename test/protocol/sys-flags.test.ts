import { describe, expect, it } from 'vitest'
import {
  compressionOf,
  MESSAGE_FLAG,
  PULL_FLAG,
  pullFlags,
  transactionOf,
  withTransaction,
} from '../../src/protocol/sys-flags.ts'

describe('the system flag of a message', () => {
  // compression types and transaction values as MessageSysFlag of the official Java 5.3.3 reads them
  it.each([
    [0, 'none'],
    [1, 'zlib'],
    [257, 'lz4'],
    [513, 'zstd'],
    [769, 'zlib'],
    [768, 'none'],
    [1023, 'zlib'],
  ] as const)('%i says compression %s', (sysFlag, expected) => {
    expect(compressionOf(sysFlag)).toBe(expected)
  })

  it.each([0x401, 0x501, 0x701])('%i announces a compression that nobody knows', sysFlag => {
    expect(() => compressionOf(sysFlag)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE' }))
  })

  it('of an uncompressed message may hold any type bits', () => {
    expect(compressionOf(0x400)).toBe('none')
  })

  it.each([
    [0, 'none'],
    [1, 'none'],
    [4, 'prepared'],
    [5, 'prepared'],
    [8, 'commit'],
    [12, 'rollback'],
    [1023, 'rollback'],
    [MESSAGE_FLAG.INNER_BATCH | MESSAGE_FLAG.NEED_UNWRAP, 'none'],
  ] as const)('%i says transaction %s', (sysFlag, expected) => {
    expect(transactionOf(sysFlag)).toBe(expected)
  })

  it.each(['none', 'prepared', 'commit', 'rollback'] as const)(
    'can be put into the state %s and keeps the rest',
    state => {
      const flag = withTransaction(0x3ff, state)
      expect(transactionOf(flag)).toBe(state)
      expect(flag & ~0xc).toBe(0x3f3)
    },
  )
})

describe('the system flag of a pull', () => {
  it('is nothing when nothing is said', () => {
    expect(pullFlags({})).toBe(0)
    expect(pullFlags({ suspend: true, litePull: true })).toBe(PULL_FLAG.SUSPEND | PULL_FLAG.LITE_PULL)
  })

  it('has a bit of its own for everything it says', () => {
    const { COMMIT_OFFSET, SUSPEND, SUBSCRIPTION, CLASS_FILTER, LITE_PULL } = PULL_FLAG
    // PullSysFlag.buildSysFlag of the official Java 5.3.3, one switch at a time
    expect([COMMIT_OFFSET, SUSPEND, SUBSCRIPTION, CLASS_FILTER, LITE_PULL]).toEqual([1, 2, 4, 8, 16])
  })
})
