import { describe, expect, it } from 'vitest'
import { NO_TRANSACTIONS, nextTally, toTransactionStats, type Counted } from '../../src/producer/transaction-stats.ts'

const LIMITS = { transactionTimeoutMs: 60_000, maxCheckTimes: 15 }
const statsOf = (...counted: readonly Counted[]) =>
  toTransactionStats(counted.reduce(nextTally, NO_TRANSACTIONS), LIMITS)

const NONE = { total: 0, committed: 0, rolledBack: 0, unknown: 0, open: 0, checks: 0, averageCheckTimes: 0, ...LIMITS }
const begun: Counted = { what: 'begun' }
const ended = (decision: 'commit' | 'rollback' | 'unknown'): Counted => ({ what: 'ended', decision })
const checked = (decision: 'commit' | 'unknown', checkTimes: number): Counted => ({
  what: 'checked',
  decision,
  checkTimes,
})

describe('the counts of transactions', () => {
  it.each<[string, readonly Counted[], object]>([
    ['nothing', [], {}],
    ['one that runs', [begun], { total: 1, open: 1 }],
    [
      'one of each end, and one that runs',
      [begun, begun, ended('commit'), begun, ended('rollback'), begun, ended('unknown')],
      { total: 4, open: 1, committed: 1, rolledBack: 1, unknown: 1 },
    ],
    ['check-backs without a decision', [checked('unknown', 3)], { checks: 1 }],
    [
      'how often brokers asked until it was decided',
      [checked('commit', 1), checked('unknown', 9), checked('commit', 4)],
      { checks: 3, averageCheckTimes: 2.5 },
    ],
  ])('tell %s', (_, counted, expected) => {
    expect(statsOf(...counted)).toEqual({ ...NONE, ...expected })
  })
})
