import Long from 'long'
import { decodeFailed } from '../../errors.ts'
import { decodePopCheckPoint, encodePopCheckPoint } from './pop-check-point.ts'
import type { PopCheckPoint } from './pop-check-point.ts'
import { readLong } from './pop-numbers.ts'
import { TOPIC_MARK } from './pop-retry-topic.ts'

/** A POP handle as proxies give it to clients: complete, and with the place of the message in the commit log. */
export interface ReceiptHandle extends PopCheckPoint {
  readonly queueOffset: Long
  /** -1 when it is not known. */
  readonly commitLogOffset: Long
}

/** The text by which a popped message is acknowledged (`ReceiptHandle.encode`). */
export const encodeReceiptHandle = (handle: ReceiptHandle): string =>
  `${encodePopCheckPoint(handle)} ${handle.commitLogOffset.toString()}`

/** Reads handles without the place in the commit log too (`ReceiptHandle.decode`). Throws `ERR_RMQ_DECODE`. */
export const decodeReceiptHandle = (text: string): ReceiptHandle => {
  const { queueOffset, ...rest } = decodePopCheckPoint(text)
  if (queueOffset === undefined)
    throw decodeFailed('receipt handle: expected 8 or 9 parts, the queue offset is missing')
  const commitLogOffset = text.split(' ')[8]
  return {
    ...rest,
    queueOffset,
    commitLogOffset:
      commitLogOffset === undefined ? Long.NEG_ONE : readLong(commitLogOffset, 'commit log offset of a receipt handle'),
  }
}

/** When others may get the message, epoch ms of the broker. */
export const nextVisibleTime = ({ popTime, invisibleTime }: PopCheckPoint): Long => popTime.add(invisibleTime)

/** Whether the message was not acknowledged in time before. */
export const isRetried = ({ mark }: PopCheckPoint): boolean =>
  mark === TOPIC_MARK.RETRY_V1 || mark === TOPIC_MARK.RETRY_V2
