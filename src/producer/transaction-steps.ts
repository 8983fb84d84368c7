import type { Decision } from './transaction-options.ts'

/**
 * Where a transaction of this process is: its half message is stored; it was decided; or it was left to check-backs. What a
 * check-back then decides is told by `checks$`.
 */
export type TransactionState = 'prepared' | 'committed' | 'rolled-back' | 'unknown'

/** One step in the life of a transaction. */
export interface TransactionStep {
  readonly state: TransactionState
  readonly transactionId: string
  readonly topic: string
  readonly brokerName: string
}

export const stateOf = (decision: Decision): TransactionState => STATES[decision]

const STATES = { commit: 'committed', rollback: 'rolled-back', unknown: 'unknown' } as const
