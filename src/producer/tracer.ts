import type { Observable } from 'rxjs'
import type { ToldEnd } from '../broker/transactions.ts'
import type { Outgoing } from './outgoing.ts'
import type { Sender } from './send.ts'
import type { SendResult } from './send-result.ts'

/** What a producer tells whoever traces its messages. */
export interface Tracer {
  /** Around the sending of one message, or of a batch: whatever is refused before is no send. */
  sent$(outgoing: Outgoing, sending$: Observable<SendResult>): Observable<SendResult>
  ended(end: ToldEnd): void
}

/** One-way sends are not traced, as in the official client: nobody knows what becomes of them. */
export const tracedSender = (sender: Sender, tracer: Tracer | undefined): Sender =>
  tracer === undefined
    ? sender
    : { send$: (outgoing, ...how) => tracer.sent$(outgoing, sender.send$(outgoing, ...how)) }
