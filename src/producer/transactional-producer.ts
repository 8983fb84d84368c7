import { defer, distinctUntilChanged, finalize, firstValueFrom, lastValueFrom, map, of, race, startWith } from 'rxjs'
import { Subject, take, takeUntil, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { checkedMs } from '../client/checks.ts'
import { addReports, NOTHING_LEFT } from '../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import { closed, illegal, operationTimeout } from '../errors.ts'
import type { MessageOptions, Outbound } from '../messages/message.ts'
import { neverSync } from '../operators/never-sync.ts'
import { thenFinally } from '../operators/work-until.ts'
import { decodeOffsetId } from '../protocol/messages/message-id.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { abortable } from './abortable.ts'
import { checkCallOptions, checkFunction } from './call-options.ts'
import { createEndTransaction, masterOf$ } from './end-transaction.ts'
import { createGroupAnnouncement } from './group-announcement.ts'
import { asHalf } from './half-message.ts'
import { createOpenTransactions } from './open-transactions.ts'
import type { Opened, OpenTransaction } from './open-transactions.ts'
import { resolveProducerOptions } from './options.ts'
import type { ProducerOptions } from './options.ts'
import { createProducer } from './producer.ts'
import type { Producer } from './producer.ts'
import type { SendOptions } from './send-options.ts'
import { createTransactionChecks } from './transaction-checks.ts'
import type { AnsweredCheck } from './transaction-checks.ts'
import { producerOptionsOf, resolveTransactionalOptions } from './transaction-options.ts'
import type { Decision, TransactionalOptions } from './transaction-options.ts'
import { NO_TRANSACTIONS, nextTally, toTransactionStats } from './transaction-stats.ts'
import type { Counted, TransactionStats } from './transaction-stats.ts'
import type { Tracer } from './tracer.ts'
import { stateOf } from './transaction-steps.ts'
import type { TransactionState, TransactionStep } from './transaction-steps.ts'
import { transaction$ } from './transaction.ts'
import type { HalfResult, LocalPart, TransactionOutcome } from './transaction.ts'

/** What one transaction may be told. `timeoutMs` is for its half message. */
export interface TransactionSendOptions extends Omit<SendOptions, 'require'> {
  /** As the producer's, for this message. */
  readonly checkAfterMs?: number
}

/** A producer that can also send messages which are seen only if something else was done. */
export interface TransactionalProducer extends Producer {
  /**
   * Sends a half message, which nobody sees; runs the local part; tells the broker to show the message or to drop it.
   * Cold, one outcome. An error means that the half message was not sent, or nobody knows (`sent`): the local part did not
   * run. Whatever is left open is asked about later: see `check`. Unsubscribed while the local part runs, nothing is told.
   */
  sendInTransaction$<T, R>(
    message: Outbound<T>,
    local: LocalPart<R>,
    decide?: (value: R | undefined) => Decision,
    options?: TransactionSendOptions,
  ): Observable<TransactionOutcome<R>>
  /** `sendInTransaction$`, at once. */
  sendInTransaction<T, R>(
    message: Outbound<T>,
    local: LocalPart<R>,
    decide?: (value: R | undefined) => Decision,
    options?: TransactionSendOptions,
  ): Promise<TransactionOutcome<R>>
  /**
   * Makes the group known to the brokers, and emits once they have confirmed: from then on they ask here, before anything
   * was sent. Any transaction does the same on its way.
   */
  ready$(): Observable<void>
  /** `ready$`, at once. */
  ready(): Promise<void>
  /** Every check-back that was answered, as it happens. They are answered whether or not anybody looks. */
  readonly checks$: Observable<AnsweredCheck>
  /** Each transaction of this producer as it begins and as it ends: two steps, if its half message was stored. */
  readonly transactions$: Observable<TransactionStep>
  /** How many transactions ended how, now and whenever that changes. */
  readonly transactionStats$: Observable<TransactionStats>
  /** The transactions whose local part runs now. */
  openTransactions(): readonly OpenTransaction[]
}

/** Makes the producer of a transactional one, and says who traces its messages. */
type CreateProducer = (shared: SharedClient, options: ProducerOptions, traced: (tracer: Tracer) => void) => Producer

export const createTransactionalProducer = (
  shared: SharedClient,
  options: TransactionalOptions,
  create: CreateProducer = (its, given) => createProducer(its, given),
): TransactionalProducer => {
  const { runtime, timing, life, report, inbound, closing$ } = shared
  const { scheduler, asap } = runtime
  const settings = resolveTransactionalOptions(options)
  const { group } = options
  const producerOptions = producerOptionsOf(options)
  resolveProducerOptions(producerOptions) // what it throws must not leave a claimed group behind
  const giveUpGroup = claimed(shared, group)
  let tracer: Tracer | undefined
  const inner = create(shared, producerOptions, made => (tracer = made))
  const answered = new Subject<AnsweredCheck>()
  const changes = new Subject<void>()
  const steps = new Subject<TransactionStep>()
  let tally = NO_TRANSACTIONS
  let isClosed = false

  const count = (counted: Counted): void => {
    tally = nextTally(tally, counted)
    changes.next()
  }
  const step = (state: TransactionState, { transactionId, topic, brokerName }: Opened): void =>
    steps.next({ state, transactionId, topic, brokerName })
  const open = createOpenTransactions({
    ...settings,
    scheduler,
    onExpired: ({ transactionId }) => {
      const error = operationTimeout('the local part of a transaction', settings.transactionTimeoutMs)
      report({ type: 'transaction-failure', group, where: 'expired', transactionId, error })
    },
  })
  const end$ = createEndTransaction(
    shared,
    group,
    (transactionId, error) => report({ type: 'transaction-failure', group, where: 'end', transactionId, error }),
    told => tracer?.ended(told),
  )
  const announcement = createGroupAnnouncement(shared, group, settings.topics)
  const checks = createTransactionChecks({
    ...settings,
    group,
    open,
    end$,
    onFailure: failure => report({ type: 'transaction-failure', group, ...failure }),
    scheduler,
    asap,
  })
  // From here on, not from the first transaction on: brokers may ask about those of a process that is gone.
  const answering = checks.answered$.subscribe({
    next: one => {
      count({ what: 'checked', decision: one.decision, checkTimes: one.check.checkTimes })
      answered.next(one)
    },
    error: () => undefined, // what goes wrong is reported, and answered with `unknown`
  })
  const stopListening = inbound.on(REQUESTS.CHECK_TRANSACTION_STATE.code, checks.accept)

  const endOf$ = (
    half: HalfResult,
    opened: Opened,
    decision: Decision,
    message: MessageOptions,
  ): Observable<boolean> => {
    if (opened.told === decision && decision !== 'unknown') return of(true) // a check-back was told so meanwhile
    const { topic, brokerName: bname } = half.queue
    return end$(half.transactionId, decision, () => ({
      endpoint$: masterOf$(shared, topic, bname),
      half: { msgId: half.messageId, topic, bname, ...(opened.place ?? placeOf(half)) },
      message,
    })).pipe(map(failure => failure === undefined))
  }

  const sendInTransaction$ = <T, R>(
    message: Outbound<T>,
    local: LocalPart<R>,
    decide?: (value: R | undefined) => Decision,
    given: TransactionSendOptions = {},
  ): Observable<TransactionOutcome<R>> => {
    const { signal, checkAfterMs, ...sendOptions } = Object(given) as TransactionSendOptions // may be anything
    const checkAfter = checkAfterMs === undefined ? settings.checkAfterMs : checkAfterMs
    const half$ = inner.send$(asHalf(message, { group, checkAfterMs: checkAfter }), sendOptions) // `retry` sends one id
    return defer(() => {
      if (isClosed || shared.isClosed()) throw closed('the producer')
      checkCallOptions('transaction', given)
      if (typeof local !== 'function') throw illegal('a transaction has no local part: give it a function')
      if (decide !== undefined) checkFunction('decide', decide)
      if (checkAfter !== undefined) checkedMs('checkAfterMs', checkAfter, 0)
      announcement.join()
      const leave = open.enter()
      let opened: Opened | undefined
      return transaction$<R>({
        half$,
        local,
        decide,
        onLocalError: settings.onLocalError,
        opened: half => {
          const { transactionId, queue } = half
          const startedAt = new Date(scheduler.now())
          const mine: Opened = { transactionId, ...queue, startedAt, expired: false, checks: 0, ...NOWHERE }
          opened = mine
          count({ what: 'begun' })
          const over = open.begin(mine)
          step('prepared', mine)
          return over
        },
        end$: (half, decision) => (opened === undefined ? of(false) : endOf$(half, opened, decision, message)),
        onDecision: decision => {
          count({ what: 'ended', decision })
          if (opened !== undefined) step(stateOf(decision), opened)
        },
      }).pipe(finalize(leave))
    }).pipe(abortable(signal), neverSync(asap), life.held())
  }

  const ready$ = (): Observable<void> =>
    defer(() => {
      if (isClosed || shared.isClosed()) throw closed('the producer')
      announcement.join()
      return announcement.known$
    }).pipe(neverSync(asap), life.held())

  const stop = (): void => {
    delist()
    stopListening()
    answering.unsubscribe()
    giveUpGroup()
    answered.complete()
    steps.complete()
  }
  /** Nothing new; waits for the local parts that run. */
  const close$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      isClosed = true
      const dueAt = scheduler.now() + drainMs
      const leftMs = (): number => Math.max(0, dueAt - scheduler.now())
      const late$ = defer(() => timer(leftMs(), scheduler))
      return race(open.none$, late$).pipe(
        take(1),
        map((): CloseReport => ({ ...NOTHING_LEFT, forced: open.count() > 0, unsettled: open.count() })),
        thenFinally(() => announcement.leave$(leftMs())),
        tap({ complete: stop }),
      )
    })
  const delist = shared.enlist({ kind: 'transactions', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Producer['close'] = ({ drainMs } = {}) => {
    const patience = checkedMs('drainMs', drainMs, timing.drainMs, 0)
    isClosed = true
    const dueAt = scheduler.now() + patience
    closing ??= lastValueFrom(close$(patience).pipe(life.held())).then(async left =>
      addReports(left, await inner.close({ drainMs: Math.max(0, dueAt - scheduler.now()) })),
    )
    return closing
  }

  return {
    ...inner,
    sendInTransaction$,
    sendInTransaction: (...args) => firstValueFrom(sendInTransaction$(...args)),
    ready$,
    ready: () => firstValueFrom(ready$()),
    checks$: answered.asObservable(),
    transactions$: steps.asObservable(),
    transactionStats$: defer(() =>
      changes.pipe(
        startWith(undefined),
        map(() => tally),
        distinctUntilChanged(),
        map(current => toTransactionStats(current, settings)),
        takeUntil(closing$),
      ),
    ),
    openTransactions: open.list,
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
}

/** Brokers ask a client, not a producer: two of one group would both answer. */
const claimed = ({ claimGroup }: SharedClient, group: string): (() => void) => {
  try {
    return claimGroup(`transactions of ${group}`)
  } catch (cause) {
    throw illegal(`this client has a transactional producer of group "${group}" already`, { cause })
  }
}

const NOWHERE = { place: undefined, told: 'unknown' } as const

const placeOf = ({ queueOffset, offsetMessageId }: HalfResult) => ({
  tranStateTableOffset: queueOffset,
  commitLogOffset: decodeOffsetId(offsetMessageId).physicalOffset,
  fromTransactionCheck: false,
})
