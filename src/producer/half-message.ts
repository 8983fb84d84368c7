import { illegal } from '../errors.ts'
import type { MessageOptions, Outbound } from '../messages/message.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { MESSAGE_FLAG } from '../protocol/sys-flags.ts'

/** Under it a message says that it is the first half of a transaction. A symbol, because users must not say so. */
const HALF = Symbol('half message')

/** Of whose transaction, and from when on the broker may ask about it. */
export interface HalfMark {
  readonly group: string
  /** Default: the broker decides. */
  readonly checkAfterMs: number | undefined
}

interface Marked {
  readonly [HALF]?: HalfMark
}

/** The same message as a half message: the broker keeps it to itself until it is told how the transaction ended. */
export const asHalf = <T>(message: Outbound<T>, mark: HalfMark): Outbound<T> & Marked => ({ ...message, [HALF]: mark })

export const halfFlag = (message: MessageOptions & Marked): number =>
  message[HALF] === undefined ? 0 : MESSAGE_FLAG.TRANSACTION_PREPARED

const DELAYS = [PROPERTY.DELAY, PROPERTY.TIMER_DELAY_SECONDS, PROPERTY.TIMER_DELAY_MS, PROPERTY.TIMER_DELIVER_MS]

/** Java drops the delay of such a message without a word, and brokers would lose the message: it is refused here. */
export const addHalfProperties = (message: MessageOptions & Marked, properties: Record<string, string>): void => {
  const mark = message[HALF]
  if (mark === undefined) return
  if (DELAYS.some(name => properties[name] !== undefined)) {
    throw illegal('a message of a transaction cannot be delayed', {
      advice: 'send it without a delay, or send a delayed message once the transaction is committed',
    })
  }
  properties[PROPERTY.TRANSACTION_PREPARED] = 'true'
  properties[PROPERTY.PRODUCER_GROUP] = mark.group
  if (mark.checkAfterMs !== undefined) {
    properties[PROPERTY.CHECK_IMMUNITY_SECONDS] = String(Math.ceil(mark.checkAfterMs / 1_000))
  }
}

/** Whether a message is the half of a transaction. Whatever it is: it may not have been checked yet. */
export const isHalf = (message: unknown): boolean => (message as Marked | null | undefined)?.[HALF] !== undefined

/** The message that an interceptor handed on: what began as a half message stays one, or it would be seen at once. */
export const keepHalf = (from: Marked & MessageOptions, message: Outbound): Outbound => {
  const mark = from[HALF]
  return mark === undefined || isHalf(message) ? message : asHalf(message, mark)
}
