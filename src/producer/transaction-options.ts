import type { ObservableInput } from 'rxjs'
import type { Decision } from '../broker/transactions.ts'
import { expected, isListOf, optionsOf } from '../client/check-kinds.ts'
import { checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { collected, noted } from '../client/problems.ts'
import { illegal } from '../errors.ts'
import type { Inbound } from '../messages/message.ts'
import { nameOf } from '../messages/topic.ts'
import type { Topic } from '../messages/topic.ts'
import { checkTopic } from '../protocol/names.ts'
import type { ProducerOptions } from './options.ts'

export type { Decision }

const DECISIONS: readonly Decision[] = ['commit', 'rollback', 'unknown']

/** A broker asks what became of a transaction, also of one that another process of the group began. */
export interface TransactionCheck {
  /** The half message, its body as bytes: decode it with the codec of its topic. Its queue offset is that of the half. */
  readonly message: Inbound<string, Uint8Array>
  /** The message id: by it the local part can be found again. */
  readonly transactionId: string
  readonly messageId: string
  readonly producerGroup: string
  /** `host:port` of the broker that asks. */
  readonly brokerAddress: string
  /** How often it has asked, this time included. */
  readonly checkTimes: number
}

/** Says what became of a transaction: the first value counts. Ending without one, failing or taking too long is `unknown`. */
export type CheckTransaction = (check: TransactionCheck) => Decision | ObservableInput<Decision>

/** What `client.transactionalProducer()` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface TransactionalOptions extends ProducerOptions {
  /** The producer group: any of its members may be asked about the transactions of all. One producer per client. */
  readonly group: string
  /** Answers check-backs: looks into what the local part left behind, and says so. Must bear being asked again. */
  readonly check: CheckTransaction
  /** Check-backs answered at once. Default 8. */
  readonly checkConcurrency?: number
  /** Most check-backs that wait; one more is dropped, for the broker asks again. Default 1,024. */
  readonly maxWaitingChecks?: number
  /** How long one `check` may take; then the answer is `unknown`. ms. Default 15,000. */
  readonly checkTimeoutMs?: number
  /**
   * When a local part fails: an error is no proof that nothing was done, so the check-back decides. Default `unknown`,
   * as Java.
   */
  readonly onLocalError?: Decision | ((error: unknown) => Decision)
  /** Most transactions at once; one more fails with ERR_RMQ_OVERFLOW before anything is sent. Default 10,000. */
  readonly maxOpenTransactions?: number
  /**
   * How long this process answers check-backs about a transaction by itself, with `unknown`, while its local part runs
   * here; later `check` is asked. It does not end the local part. ms. Default 60,000.
   */
  readonly transactionTimeoutMs?: number
  /** Asked more often about one transaction, `check` is left alone and the answer is `unknown`. Brokers stop by themselves after theirs. Default 15. */
  readonly maxCheckTimes?: number
  /**
   * How old a half message must be before brokers ask about it, where that is longer than theirs (6 s). Whole seconds,
   * rounded up. A decision that comes later than that is not taken, only the answer to a check-back. ms. Default: theirs.
   */
  readonly checkAfterMs?: number
  /** Only the brokers of these topics are told of the group before it sends. Default: all brokers of the name servers. */
  readonly topics?: readonly (Topic | string)[]
}

/** The options that are not those of every producer, complete and checked. */
export interface TransactionalSettings {
  readonly check: CheckTransaction
  readonly checkConcurrency: number
  readonly maxWaitingChecks: number
  readonly checkTimeoutMs: number
  readonly onLocalError: (error: unknown) => Decision
  readonly maxOpenTransactions: number
  readonly transactionTimeoutMs: number
  readonly maxCheckTimes: number
  readonly checkAfterMs: number | undefined
  readonly topics: readonly string[] | undefined
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveTransactionalOptions = (given: TransactionalOptions): TransactionalSettings =>
  collected('a transactional producer', () => checkedOptions(given))

const checkedOptions = (given: TransactionalOptions): TransactionalSettings => {
  const { group, check, onLocalError }: Partial<TransactionalOptions> = optionsOf('options', given)
  if (group === undefined) throw illegal('a transactional producer has no group: brokers ask its members')
  if (typeof check !== 'function') {
    throw illegal('a transactional producer has no check: without it a transaction whose end got lost is never decided')
  }
  return {
    check,
    checkConcurrency: checkedInt('checkConcurrency', given.checkConcurrency, 8, [1, 65_536]),
    maxWaitingChecks: checkedInt('maxWaitingChecks', given.maxWaitingChecks, 1_024, [0]),
    checkTimeoutMs: checkedMs('checkTimeoutMs', given.checkTimeoutMs, 15_000),
    onLocalError: decisionOf(onLocalError),
    maxOpenTransactions: checkedInt('maxOpenTransactions', given.maxOpenTransactions, 10_000, [1]),
    transactionTimeoutMs: checkedMs('transactionTimeoutMs', given.transactionTimeoutMs, 60_000),
    maxCheckTimes: checkedInt('maxCheckTimes', given.maxCheckTimes, 15, [1]),
    checkAfterMs: given.checkAfterMs === undefined ? undefined : checkedMs('checkAfterMs', given.checkAfterMs, 0),
    topics: namesOf(given.topics),
  }
}

const namesOf = (topics: TransactionalOptions['topics']): readonly string[] | undefined => {
  const isRight = topics === undefined || isListOf(topics, isTopic)
  expected('topics', topics, isRight, 'a list of topics')
  if (!isRight) return undefined
  const names = topics?.map(nameOf)
  for (const name of names ?? []) noted(() => checkTopic(name), 'topics')
  return names
}

const isTopic = (given: unknown): boolean =>
  typeof given === 'string' || typeof (given as Partial<Topic> | null)?.name === 'string'

const OWN: ReadonlySet<string> = new Set<keyof TransactionalOptions>([
  'check',
  'checkConcurrency',
  'maxWaitingChecks',
  'checkTimeoutMs',
  'onLocalError',
  'maxOpenTransactions',
  'transactionTimeoutMs',
  'maxCheckTimes',
  'checkAfterMs',
  'topics',
])

/** What of the options every producer knows. */
export const producerOptionsOf = (given: TransactionalOptions): ProducerOptions =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !OWN.has(name)))

/** A function that fails, or says something else, means `unknown`: nothing must be lost over it. */
const decisionOf = (told: TransactionalOptions['onLocalError']): ((error: unknown) => Decision) => {
  if (typeof told !== 'function') {
    const decision = oneOf('onLocalError', told, 'unknown', DECISIONS, ', or a function')
    return () => decision
  }
  return error => {
    try {
      return checkedDecision('onLocalError', told(error))
    } catch {
      return 'unknown' // the error itself is in the outcome
    }
  }
}

/** A decision as it is, or ERR_RMQ_ILLEGAL: whoever answers `true` must not commit by chance. */
export const checkedDecision = (who: string, decision: unknown): Decision => {
  const known = DECISIONS.find(word => word === decision)
  if (known === undefined)
    throw illegal(`${who} decided "${String(decision)}": expected one of ${DECISIONS.join(', ')}`)
  return known
}
