import { illegal } from '../errors.ts'
import type { DeliveryTime, MessageOptions } from '../messages/message.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'

const MAX_DELAY_LEVEL = 18

/** Whether a message names a time of its own, which brokers before 5.0 would not heed. */
export const isTimed = ({ deliver }: MessageOptions): boolean =>
  deliver !== undefined && (deliver as { readonly level?: number }).level === undefined

/** The one property that says when a message is delivered. Throws ERR_RMQ_ILLEGAL for what is no time, or for two of them. */
export const deliveryProperty = (
  delayLevel: number | undefined,
  deliver: DeliveryTime | undefined,
): Readonly<Record<string, string>> => {
  if (deliver === undefined) return { [PROPERTY.DELAY]: checkedLevel('delayLevel', delayLevel) }
  if (delayLevel !== undefined) throw illegal('deliver and delayLevel exclude each other: a message is delayed once')
  const [way, ...others] = Object.entries<unknown>({ ...deliver }).filter(([, value]) => value !== undefined)
  const [name = '', value] = way ?? []
  if (others.length > 0) throw illegal('deliver names more than one time: expected one of afterMs, at and level')
  if (name === 'afterMs') return { [PROPERTY.TIMER_DELAY_MS]: checkedTime('deliver.afterMs', value) }
  if (name === 'at') {
    return { [PROPERTY.TIMER_DELIVER_MS]: checkedTime('deliver.at', value instanceof Date ? value.getTime() : value) }
  }
  if (name === 'level') return { [PROPERTY.DELAY]: checkedLevel('deliver.level', value) }
  throw illegal('deliver names no time: expected one of afterMs, at and level')
}

const checkedLevel = (what: string, level: unknown): string => {
  if (Number.isInteger(level) && Number(level) >= 1 && Number(level) <= MAX_DELAY_LEVEL) return String(level)
  throw illegal(`${what} is ${String(level)}: expected a whole number from 1 to ${MAX_DELAY_LEVEL}`)
}

/** How far away it may be is for the broker to say: its operator may have raised the three days. */
const checkedTime = (what: string, ms: unknown): string => {
  if (Number.isSafeInteger(ms) && Number(ms) >= 0) return String(ms)
  throw illegal(
    `${what} is ${String(ms)}: expected a whole number of ms from 0${what.endsWith('at') ? ', or a Date' : ''}`,
  )
}
