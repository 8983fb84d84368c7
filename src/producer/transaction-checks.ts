import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  from,
  map,
  observeOn,
  of,
  Subject,
  take,
  throwIfEmpty,
  timeout,
} from 'rxjs'
import { throwError } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { toInbound } from '../client/received.ts'
import { illegal, operationTimeout, overflow } from '../errors.ts'
import { codecs } from '../messages/codecs.ts'
import type { Inbound, MessageOptions } from '../messages/message.ts'
import type { ReportedEvent } from '../observability/events.ts'
import { boundedMap } from '../operators/bounded-map.ts'
import { readHeader } from '../protocol/requests/fields.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { messageId, readStoredMessages } from '../protocol/messages/stored-message.ts'
import type { StoredMessage } from '../protocol/messages/stored-message.ts'
import type { EndTransaction } from './end-transaction.ts'
import type { HalfPlace, OpenTransactions } from './open-transactions.ts'
import { checkedDecision } from './transaction-options.ts'
import type { Decision, TransactionalSettings, TransactionCheck } from './transaction-options.ts'

/** A check-back and what was answered. */
export interface AnsweredCheck {
  readonly check: TransactionCheck
  readonly decision: Decision
  /** Why `check` failed, was not asked, or could not be heard. */
  readonly error?: unknown
}

export interface TransactionChecksOptions extends Pick<
  TransactionalSettings,
  'check' | 'checkConcurrency' | 'checkTimeoutMs' | 'maxCheckTimes' | 'maxWaitingChecks'
> {
  readonly group: string
  readonly open: OpenTransactions
  readonly end$: EndTransaction
  readonly onFailure: (failure: Omit<Extract<ReportedEvent, { type: 'transaction-failure' }>, 'type' | 'group'>) => void
  readonly scheduler: SchedulerLike
  readonly asap: SchedulerLike
}

export interface TransactionChecks {
  /** Takes a check-back, if it is of this group. Throws when it cannot be read. */
  accept(frame: Frame, endpoint: string): undefined
  /** Answers what was taken, for as long as it is subscribed. Never errors. */
  readonly answered$: Observable<AnsweredCheck>
}

/** A check-back in hand. A newer one about the same transaction only moves it: one answer, to the latest question. */
interface Asked {
  readonly key: string
  readonly endpoint: string
  readonly stored: StoredMessage
  readonly transactionId: string
  readonly brokerName: string | undefined
  readonly checkTimes: number
  place: HalfPlace
}

/**
 * Answers the check-backs of brokers: what this process knows by itself, what `check` says, or `unknown`, which makes the
 * broker ask again. Answering twice would make the official broker store the message twice.
 */
export const createTransactionChecks = (options: TransactionChecksOptions): TransactionChecks => {
  const { group, check, open, end$, onFailure, scheduler, asap } = options
  const { checkConcurrency, checkTimeoutMs, maxCheckTimes, maxWaitingChecks } = options
  const arrivals = new Subject<Asked>()
  const inHand = new Map<string, Asked>()

  const accept = (frame: Frame, endpoint: string): undefined => {
    const asked = askedBy(frame, endpoint, group)
    if (asked === undefined || !arrivals.observed) return
    const former = inHand.get(asked.key)
    if (former !== undefined) {
      former.place = asked.place
      return
    }
    inHand.set(asked.key, asked)
    arrivals.next(asked)
  }

  const asked$ = (question: TransactionCheck): Observable<Decision> =>
    defer(() => {
      const answer = check(question)
      return typeof answer === 'string' ? of(answer) : from(answer) // a text is a stream of its letters, too
    }).pipe(
      take(1),
      throwIfEmpty(() => illegal('check ended without a decision')),
      map(decision => checkedDecision('check', decision)),
      timeout({
        first: checkTimeoutMs,
        scheduler,
        with: () => throwError(() => operationTimeout('check', checkTimeoutMs)),
      }),
    )

  const decided$ = (
    asked: Asked,
    question: TransactionCheck,
  ): Observable<Pick<AnsweredCheck, 'decision' | 'error'>> => {
    const { transactionId, brokerName, checkTimes } = asked
    const opened = open.find(transactionId, brokerName)
    if (opened !== undefined) {
      opened.place = asked.place // its end has to name the copy that the broker asks about
      opened.checks++
      if (!opened.expired) return of({ decision: 'unknown' })
    }
    const fail = (where: 'check' | 'checks-exhausted', error: unknown) => {
      onFailure({ where, transactionId, error })
      return { decision: 'unknown', error } as const
    }
    if (checkTimes > maxCheckTimes) {
      return of(fail('checks-exhausted', overflow(`the check-backs about transaction ${transactionId}`, maxCheckTimes)))
    }
    return asked$(question).pipe(
      map(decision => ({ decision })),
      catchError((error: unknown) => of(fail('check', error))),
    )
  }

  const answer$ = (asked: Asked): Observable<AnsweredCheck> =>
    defer(() => {
      const { endpoint, transactionId, brokerName, stored } = asked
      const question = questionOf(asked, group)
      return decided$(asked, question).pipe(
        concatMap(({ decision, error }) => {
          inHand.delete(asked.key)
          const half = { msgId: question.messageId, topic: stored.topic, ...asked.place, bname: brokerName }
          return end$(transactionId, decision, () => ({
            endpoint$: of(endpoint),
            half,
            message: toldOf(question.message),
          })).pipe(
            map(failure => {
              const opened = open.find(transactionId, brokerName)
              if (opened !== undefined && failure === undefined) opened.told = decision
              const why = error ?? failure
              return { check: question, decision, ...(why === undefined ? {} : { error: why }) }
            }),
          )
        }),
      )
    }).pipe(
      catchError((error: unknown) => {
        inHand.delete(asked.key)
        onFailure({ where: 'check', transactionId: asked.transactionId, error }) // its message cannot be read
        return EMPTY
      }),
    )

  return {
    accept,
    answered$: arrivals.pipe(
      observeOn(asap), // never within the reading of a connection
      boundedMap(answer$, {
        concurrency: checkConcurrency,
        buffer: {
          count: maxWaitingChecks,
          overflow: 'drop-newest',
          onDrop: ({ key, transactionId }) => {
            inHand.delete(key)
            const error = overflow('the queue of check-backs', maxWaitingChecks)
            onFailure({ where: 'check-dropped', transactionId, error })
          },
        },
      }),
    ),
  }
}

/** What a check-back says, without looking into its body; nothing when it is about another group. */
const askedBy = (frame: Frame, endpoint: string, group: string): Asked | undefined => {
  const { messages, failure } = readStoredMessages(frame.body)
  const [stored] = messages
  if (stored === undefined) throw failure ?? illegal('a check-back came without its half message')
  if (stored.properties[PROPERTY.PRODUCER_GROUP] !== group) return undefined
  const header = readHeader(REQUESTS.CHECK_TRANSACTION_STATE.asks, frame.fields)
  const transactionId = header.transactionId || (stored.properties[PROPERTY.TRANSACTION_ID] ?? messageId(stored))
  return {
    key: `${endpoint} ${transactionId}`,
    endpoint,
    stored,
    transactionId,
    brokerName: header.bname,
    checkTimes: Number(stored.properties[PROPERTY.TRANSACTION_CHECK_TIMES] ?? 1),
    place: {
      tranStateTableOffset: header.tranStateTableOffset,
      commitLogOffset: header.commitLogOffset,
      fromTransactionCheck: true,
    },
  }
}

const toldOf = ({ tag, keys }: Inbound<string, Uint8Array>): Pick<MessageOptions, 'tag' | 'keys'> =>
  tag === undefined ? { keys } : { tag, keys }

const questionOf = ({ stored, endpoint, brokerName, ...asked }: Asked, producerGroup: string): TransactionCheck => {
  const queue = { topic: stored.topic, brokerName: brokerName ?? endpoint, queueId: stored.queueId }
  return {
    message: toInbound(stored, queue, stored.topic, codecs.buffer, true) as Inbound<string, Uint8Array>,
    transactionId: asked.transactionId,
    messageId: messageId(stored),
    producerGroup,
    brokerAddress: endpoint,
    checkTimes: asked.checkTimes,
  }
}
