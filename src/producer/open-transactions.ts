import { filter, map, startWith, Subject, take } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type Long from 'long'
import type { Decision } from '../broker/transactions.ts'
import { overflow } from '../errors.ts'

/** Where a half message is at its broker. A check-back moves it: the broker asks about a copy. */
export interface HalfPlace {
  readonly tranStateTableOffset: Long
  readonly commitLogOffset: Long
  readonly fromTransactionCheck: boolean
}

/** A transaction whose local part runs in this process. */
export interface OpenTransaction {
  readonly transactionId: string
  readonly topic: string
  readonly brokerName: string
  readonly startedAt: Date
  /** Whether its `transactionTimeoutMs` are over: from then on check-backs about it are answered by `check`. */
  readonly expired: boolean
  /** How often brokers have asked about it. */
  readonly checks: number
}

export interface Opened extends OpenTransaction {
  expired: boolean
  checks: number
  /** Where a check-back moved it. */
  place: HalfPlace | undefined
  /** What a check-back was answered meanwhile. */
  told: Decision
}

export interface OpenTransactions {
  /** Makes room for one more, or throws ERR_RMQ_OVERFLOW; returns how to leave. */
  enter(): () => void
  /** Its local part begins. Returns how to say that it is over. */
  begin(opened: Opened): () => void
  /** The one that a broker asks about, if it is of this process. */
  find(transactionId: string, brokerName: string | undefined): Opened | undefined
  list(): readonly OpenTransaction[]
  count(): number
  /** Emits once there is none. */
  readonly none$: Observable<void>
}

export interface OpenTransactionsOptions {
  readonly maxOpenTransactions: number
  readonly transactionTimeoutMs: number
  readonly scheduler: SchedulerLike
  readonly onExpired: (opened: Opened) => void
}

/** What this process knows of its own transactions while they run: as many as are allowed, as long as they are believed. */
export const createOpenTransactions = (options: OpenTransactionsOptions): OpenTransactions => {
  const { maxOpenTransactions, transactionTimeoutMs, scheduler, onExpired } = options
  const known = new Map<string, Opened>()
  const endings = new Subject<void>()
  let running = 0

  return {
    enter: () => {
      if (running >= maxOpenTransactions) throw overflow('the table of open transactions', maxOpenTransactions)
      running++
      return () => {
        running--
        endings.next()
      }
    },
    begin: opened => {
      const { transactionId } = opened
      known.set(transactionId, opened)
      const expiry = scheduler.schedule(() => {
        opened.expired = true
        onExpired(opened)
      }, transactionTimeoutMs)
      return () => {
        expiry.unsubscribe()
        if (known.get(transactionId) === opened) known.delete(transactionId)
      }
    },
    find: (transactionId, brokerName) => {
      const opened = known.get(transactionId)
      return brokerName === undefined || opened?.brokerName === brokerName ? opened : undefined
    },
    list: () => [...known.values()].map(toOpenTransaction),
    count: () => running,
    none$: endings.pipe(
      startWith(undefined),
      filter(() => running === 0),
      map(() => undefined),
      take(1),
    ),
  }
}

const toOpenTransaction = (opened: Opened): OpenTransaction => {
  const { transactionId, topic, brokerName, startedAt, expired, checks } = opened
  return { transactionId, topic, brokerName, startedAt, expired, checks }
}
