import type { Decision } from './transaction-options.ts'

/** What became of the transactions of a producer so far, and within which limits. */
export interface TransactionStats {
  /** Half messages that were stored: committed, rolled back, unknown and open together. */
  readonly total: number
  readonly committed: number
  readonly rolledBack: number
  /** Left to check-backs. */
  readonly unknown: number
  /** Their local part runs. */
  readonly open: number
  /** Check-backs answered, also about transactions of other processes. */
  readonly checks: number
  /** How often brokers had asked, on average, when a check-back was answered with a decision; 0 while there is none. */
  readonly averageCheckTimes: number
  readonly transactionTimeoutMs: number
  readonly maxCheckTimes: number
}

export interface Tally {
  readonly total: number
  readonly byDecision: Readonly<Record<Decision, number>>
  readonly checks: number
  readonly decidedChecks: number
  readonly checkTimes: number
}

export type Counted =
  | { readonly what: 'begun' }
  | { readonly what: 'ended'; readonly decision: Decision }
  | { readonly what: 'checked'; readonly decision: Decision; readonly checkTimes: number }

export const NO_TRANSACTIONS: Tally = {
  total: 0,
  byDecision: { commit: 0, rollback: 0, unknown: 0 },
  checks: 0,
  decidedChecks: 0,
  checkTimes: 0,
}

export const nextTally = (tally: Tally, counted: Counted): Tally => {
  if (counted.what === 'begun') return { ...tally, total: tally.total + 1 }
  const { decision } = counted
  if (counted.what === 'ended') {
    return { ...tally, byDecision: { ...tally.byDecision, [decision]: tally.byDecision[decision] + 1 } }
  }
  const checks = tally.checks + 1
  if (decision === 'unknown') return { ...tally, checks }
  return {
    ...tally,
    checks,
    decidedChecks: tally.decidedChecks + 1,
    checkTimes: tally.checkTimes + counted.checkTimes,
  }
}

export const toTransactionStats = (
  { total, byDecision: { commit, rollback, unknown }, checks, decidedChecks, checkTimes }: Tally,
  limits: Pick<TransactionStats, 'transactionTimeoutMs' | 'maxCheckTimes'>,
): TransactionStats => ({
  total,
  committed: commit,
  rolledBack: rollback,
  unknown,
  open: total - commit - rollback - unknown,
  checks,
  averageCheckTimes: decidedChecks === 0 ? 0 : checkTimes / decidedChecks,
  ...limits,
})
