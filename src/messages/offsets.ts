import Long from 'long'
import { illegal } from '../errors.ts'

export { Long }

/** A 64-bit offset as a caller may write it. A `number` beyond 2^53 is refused: it has already lost digits. */
export type OffsetLike = Long | bigint | number | string

/** Any spelling of an offset as a Long. */
export const toOffset = (value: OffsetLike): Long => {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw illegal(`offset ${value} is not a safe integer: give a Long, bigint or string`)
    return Long.fromNumber(value)
  }
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) throw illegal(`offset ${value.toString()} does not fit 64 bits`)
    return Long.fromBigInt(value)
  }
  if (typeof value === 'string') {
    const parsed = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value) : undefined
    if (parsed === undefined) throw illegal(`offset "${value.slice(0, 32)}" is not a decimal integer`)
    return toOffset(parsed)
  }
  if (Long.isLong(value)) return value.unsigned ? value.toSigned() : value
  throw illegal(`offset is of the kind ${typeof value}: give a Long, bigint, number or string`)
}

/** The same of a place in a queue, where none is below 0: brokers would keep -1 as if a group had no progress. */
export const toQueueOffset = (value: OffsetLike): Long => {
  const offset = toOffset(value)
  if (offset.isNegative()) throw illegal(`offset ${offset.toString()} is below 0`)
  return offset
}

/** Orders offsets; `<` and `>` on two Longs compare their texts, so never use those. */
export const compareOffsets = (a: OffsetLike, b: OffsetLike): number => toOffset(a).compare(toOffset(b))

/** One queue of a topic on one broker. */
export interface QueueRef {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

/** `topic@brokerName:queueId`, the key of a queue in maps and logs. */
export const queueKey = (queue: QueueRef): string => `${queue.topic}@${queue.brokerName}:${queue.queueId}`
