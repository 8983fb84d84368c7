import { catchError, concatMap, defer, EMPTY, finalize, from, last, map, of } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import type { SendResult } from './send-result.ts'
import { checkedDecision } from './transaction-options.ts'
import type { Decision } from './transaction-options.ts'

/** A half message that is stored: the broker keeps it until it hears how the transaction ended. */
export interface HalfResult extends SendResult {
  /** By it `check` will ask: keep it with what the local part does. */
  readonly transactionId: string
}

/** The work that a message must not be seen without: completing is success, its last value is given to `decide`. */
export type LocalPart<R> = (half: HalfResult) => ObservableInput<R> | void

/** What became of a transaction, as far as this process knows. */
export interface TransactionOutcome<R = unknown> {
  readonly transactionId: string
  /** What the broker was told, or is to be told by a check-back. */
  readonly decision: Decision
  /** Of the half message. Another status than `ok`: rolled back, without running the local part. */
  readonly result: SendResult
  /** The last value of the local part. */
  readonly value?: R
  /** Why the local part, or `decide`, failed. */
  readonly localError?: unknown
  /**
   * Whether the decision went out to the broker. `false` is no failure of the transaction: a check-back asks what became
   * of it.
   */
  readonly confirmed: boolean
}

export interface TransactionParts<R> {
  readonly half$: Observable<SendResult>
  readonly local: LocalPart<R>
  /** Default: commit. */
  readonly decide: ((value: R | undefined) => Decision) | undefined
  readonly onLocalError: (error: unknown) => Decision
  /** The local part begins; returns what is called when it is over, or given up. */
  readonly opened: (half: HalfResult) => () => void
  /** Tells the broker, and whether that worked. Never errors. */
  readonly end$: (half: HalfResult, decision: Decision) => Observable<boolean>
  /** The transaction ended, or was left while its local part ran: `unknown`. */
  readonly onDecision: (decision: Decision) => void
}

interface Decided<R> {
  readonly decision: Decision
  readonly value?: R
  readonly localError?: unknown
}

/**
 * Half message, then the local part, then the end. Only a half message that is stored as it should be runs the local part.
 * Left while that runs, nothing is said: the check-back decides.
 */
export const transaction$ = <R>(parts: TransactionParts<R>): Observable<TransactionOutcome<R>> => {
  const { half$, opened, end$, onDecision } = parts

  const ended$ = (half: HalfResult, decided: Decided<R>): Observable<TransactionOutcome<R>> => {
    const { transactionId } = half
    return end$(half, decided.decision).pipe(map(confirmed => ({ transactionId, ...decided, result: half, confirmed })))
  }

  return half$.pipe(
    concatMap(result => {
      const half: HalfResult = { ...result, transactionId: result.transactionId || result.messageId }
      return defer(() => {
        const close = opened(half)
        let decision: Decision = 'unknown'
        const decided$ = half.status === 'ok' ? local$(parts, half) : of<Decided<R>>({ decision: 'rollback' })
        return decided$.pipe(
          concatMap(decided => {
            decision = decided.decision
            return ended$(half, decided)
          }),
          finalize(() => {
            close()
            onDecision(decision)
          }),
        )
      })
    }),
  )
}

const local$ = <R>({ local, decide, onLocalError }: TransactionParts<R>, half: HalfResult): Observable<Decided<R>> =>
  defer(() => from(local(half) ?? EMPTY)).pipe(
    last(null, undefined), // also where there was none
    map((value): Decided<R> => {
      const decision = decide === undefined ? 'commit' : checkedDecision('decide', decide(value))
      return value === undefined ? { decision } : { decision, value }
    }),
    catchError((localError: unknown) => of<Decided<R>>({ decision: onLocalError(localError), localError })),
  )
