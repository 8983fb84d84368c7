import { isTimed } from './delivery-time.ts'
import type { Outgoing } from './outgoing.ts'
import type { Sender } from './send.ts'
import type { WriteOneway } from './write-oneway.ts'

/** Messages that name the time of their delivery go another way: see `createTimedSending`. */
const namesTime = ({ message }: Outgoing): boolean => message !== undefined && isTimed(message)

export const senderByTime = (plain: Sender, timed: Sender): Sender => ({
  send$: (outgoing, dueAt, written, givenUp, select) =>
    (namesTime(outgoing) ? timed : plain).send$(outgoing, dueAt, written, givenUp, select),
})

export const onewayByTime =
  (plain$: WriteOneway, timed$: WriteOneway): WriteOneway =>
  (outgoing, dueAt, written, givenUp, select) =>
    (namesTime(outgoing) ? timed$ : plain$)(outgoing, dueAt, written, givenUp, select)
