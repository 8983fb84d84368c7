import { catchError, map, switchMap, tap, throwError, timeout } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRocketError, notConnected, operationTimeout, withDetails } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import { chooseQueue } from './choose-queue.ts'
import type { Outgoing } from './outgoing.ts'
import { headerOf } from './send.ts'
import type { SenderOptions } from './send.ts'

/** That a socket took a message. Whether the broker stored it nobody says. */
export interface OnewayReceipt {
  /** Client-made: by it consumers can tell duplicates. */
  readonly messageId: string
  /** Where it was sent to. */
  readonly queue: QueueRef
  /** When the socket took it. */
  readonly acceptedAt: Date
}

/** Writes a message, or a batch, to the broker of one queue, once: whatever fails before the socket took it is the error. */
export type WriteOneway = (outgoing: Outgoing, timeoutMs: number, written: () => void) => Observable<OnewayReceipt>

const NONE: ReadonlySet<string> = new Set()

export const createWriteOneway =
  ({ sending, boards, settings, scheduler, random }: SenderOptions): WriteOneway =>
  (outgoing, timeoutMs, written) => {
    const { topic, messageId, shardKey } = outgoing
    const dueAt = scheduler.now() + timeoutMs
    const tooLate = () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, ...NOT_TAKEN })
    return boards.board$(topic, timeoutMs).pipe(
      switchMap(({ queues, masterOf }) => {
        const cursor = settings.select === 'random' ? Math.floor(random() * 2 ** 30) : boards.nextCursor(topic)
        const queue = chooseQueue({ queues, shardKey, cursor, avoid: NONE })
        const where = { topic, queue: queueKey(queue) }
        const master = masterOf(queue.brokerName)
        if (master === undefined) {
          return throwError(() => notConnected(queue.brokerName, new Error('it has no master')))
        }
        const leftMs = Math.max(1, dueAt - scheduler.now())
        const header = headerOf(outgoing, queue, settings)
        return sending.oneway$(master, header, outgoing.body, { timeoutMs: leftMs, patient: true }).pipe(
          tap(written),
          map(() => ({ messageId, queue: { ...queue }, acceptedAt: new Date(scheduler.now()) })),
          catchError((cause: unknown) => throwError(() => (isRocketError(cause) ? withDetails(cause, where) : cause))),
        )
      }),
      timeout({ first: timeoutMs, scheduler, with: () => throwError(tooLate) }),
    )
  }

const NOT_TAKEN = { sent: 'no', advice: 'the connection takes no more: slow the source down' } as const
