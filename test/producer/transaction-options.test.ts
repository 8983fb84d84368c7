import { describe, expect, it } from 'vitest'
import { topic } from '../../src/messages/topic.ts'
import {
  checkedDecision,
  resolveTransactionalOptions,
  type TransactionalOptions,
} from '../../src/producer/transaction-options.ts'

const GIVEN: TransactionalOptions = { group: 'tx', check: () => 'unknown' }
const resolved = (more: object = {}) => resolveTransactionalOptions({ ...GIVEN, ...more })

describe('the options of a transactional producer', () => {
  it('have defaults, those of brokers where these decide', () => {
    const { check, onLocalError, ...rest } = resolved()
    expect([check, onLocalError(new Error('x'))]).toEqual([GIVEN.check, 'unknown'])
    expect(rest).toEqual({
      checkConcurrency: 8,
      maxWaitingChecks: 1_024,
      checkTimeoutMs: 15_000,
      maxOpenTransactions: 10_000,
      transactionTimeoutMs: 60_000,
      maxCheckTimes: 15,
      checkAfterMs: undefined,
      topics: undefined,
    })
  })

  it.each<[string, object]>([
    ['no check', { check: undefined }],
    ['no group', { group: undefined }],
    ['checkConcurrency', { checkConcurrency: 0 }],
    ['maxWaitingChecks', { maxWaitingChecks: -1 }],
    ['checkTimeoutMs', { checkTimeoutMs: 0 }],
    ['maxOpenTransactions', { maxOpenTransactions: 1.5 }],
    ['transactionTimeoutMs', { transactionTimeoutMs: NaN }],
    ['maxCheckTimes', { maxCheckTimes: 0 }],
    ['checkAfterMs', { checkAfterMs: 0 }],
    ['onLocalError', { onLocalError: 'COMMIT' }],
    ['topic', { topics: ['a b'] }],
  ])('are refused by name: %s', (name, more) => {
    const says = expect.stringContaining(name) as string
    expect(() => resolved(more)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: says }) as Error)
  })

  it('name topics by their objects, too', () => {
    expect(resolved({ topics: ['a', topic('b')] }).topics).toEqual(['a', 'b'])
  })

  it.each([true, 'COMMIT', 8, undefined, null])('do not take %s for a decision', decision => {
    expect(() => checkedDecision('check', decision)).toThrow('expected one of commit, rollback, unknown')
    expect(resolved({ onLocalError: () => decision }).onLocalError(new Error('x'))).toBe('unknown')
  })
})
