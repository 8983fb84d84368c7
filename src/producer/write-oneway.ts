import { catchError, map, switchMap, tap, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRocketError, operationTimeout, withDetails } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { nextRoute } from './next-route.ts'
import type { Outgoing } from './outgoing.ts'
import type { OnewayReceipt } from './oneway-receipt.ts'
import { headerOf } from './send.ts'
import type { SenderOptions } from './send.ts'
import type { Select } from './selection.ts'

/** Writes a message, or a batch, to the broker of one queue, once: whatever fails before the socket took it is the error. */
export type WriteOneway = (
  outgoing: Outgoing,
  dueAt: number,
  written: () => void,
  givenUp?: () => boolean,
  select?: Select | QueueRef,
) => Observable<OnewayReceipt>

const NONE: ReadonlySet<string> = new Set()

export const createWriteOneway =
  (context: SenderOptions): WriteOneway =>
  (outgoing, dueAt, written, _, select) => {
    const { sending, boards, settings, scheduler } = context
    const { topic, messageId } = outgoing
    const timeoutMs = Math.max(1, dueAt - scheduler.now())
    const tooLate = () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, ...NOT_TAKEN })
    return boards.board$(topic, timeoutMs).pipe(
      switchMap(board => {
        const at = scheduler.now()
        const routed = nextRoute(context, { board, outgoing, select, at, tried: NONE, last: undefined })
        if (!routed.ok) return throwError(() => routed.error)
        const { queue, address } = routed
        const where = { topic, queue: queueKey(queue) }
        const header = headerOf(outgoing, queue, settings)
        const leftMs = Math.max(1, dueAt - at)
        return sending.oneway$(address, header, outgoing.body, { timeoutMs: leftMs, patient: true }).pipe(
          tap(written),
          map(() => ({ messageId, queue: { ...queue }, acceptedAt: new Date(scheduler.now()) })),
          catchError((cause: unknown) => throwError(() => (isRocketError(cause) ? withDetails(cause, where) : cause))),
        )
      }),
      timeout({ first: timeoutMs, scheduler, with: () => throwError(tooLate) }),
    )
  }

const NOT_TAKEN = { sent: 'no', advice: 'the connection takes no more: slow the source down' } as const
