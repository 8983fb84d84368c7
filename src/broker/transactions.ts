import type { Observable } from 'rxjs'
import type { HeaderOf } from '../protocol/requests/fields.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { MESSAGE_FLAG } from '../protocol/sys-flags.ts'
import type { Invoke } from '../remoting/invoke.ts'

/** What becomes of a half message. `unknown`: not decided yet, the broker asks later. */
export type Decision = 'commit' | 'rollback' | 'unknown'

/** Which half message, as the broker knows it. */
export type HalfHeader = Omit<HeaderOf<typeof REQUESTS.END_TRANSACTION.asks>, 'commitOrRollback'>

/** A transaction whose end a broker was told, for whoever traces. */
export interface ToldEnd {
  readonly topic: string
  readonly messageId: string
  readonly tag: string | undefined
  readonly keys: readonly string[] | undefined
  readonly transactionId: string
  readonly decision: Decision
  /** `host:port` of the broker. */
  readonly endpoint: string
  /** Whether the broker had asked. */
  readonly fromCheck: boolean
}

const ON_THE_WIRE: Readonly<Record<Decision, number>> = {
  commit: MESSAGE_FLAG.TRANSACTION_COMMIT,
  rollback: MESSAGE_FLAG.TRANSACTION_ROLLBACK,
  unknown: 0,
}

export const createTransactions = ({ tell$ }: Invoke) => ({
  /**
   * Says what becomes of a half message (END_TRANSACTION), one-way as Java: whether the broker heard it is seen by its
   * asking no more.
   */
  end$: (endpoint: string, half: HalfHeader, decision: Decision, timeoutMs: number): Observable<void> =>
    tell$(
      endpoint,
      REQUESTS.END_TRANSACTION,
      { ...half, commitOrRollback: ON_THE_WIRE[decision] },
      { timeoutMs, patient: true }, // a broker that just came back is worth the wait
    ),
})
