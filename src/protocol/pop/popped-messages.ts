import type Long from 'long'
import { decodeFailed } from '../../errors.ts'
import { decodePopCheckPoint } from './pop-check-point.ts'
import type { PopCheckPoint } from './pop-check-point.ts'
import {
  decodeMessageOffsets,
  decodeOrderCounts,
  decodeStartOffsets,
  offsetInfoKey,
  queueInfoKey,
} from './pop-infos.ts'
import { topicMarkOf } from './pop-retry-topic.ts'
import { PROPERTY } from '../messages/properties.ts'
import type { StoredMessage } from '../messages/stored-message.ts'

/** The handle of one message, complete. */
export interface PopHandle extends PopCheckPoint {
  readonly queueOffset: Long
}

/** A message that a broker gave away for a while. */
export interface PoppedMessage {
  readonly stored: StoredMessage
  readonly handle: PopHandle
  /** How often it was delivered before. */
  readonly reconsumeTimes: number
}

/** What the header of an answer to POP_MESSAGE says of the messages in its body. */
export interface PopAnswer {
  readonly popTime: Long
  readonly invisibleTime: Long
  readonly reviveQid: number
  readonly startOffsetInfo?: string | undefined
  readonly msgOffsetInfo?: string | undefined
  readonly orderCountInfo?: string | undefined
}

/**
 * Each message with its handle: the broker wrote it where the message comes from a retry topic, else it is put together
 * from the header, in which a message is found by its place among those of its queue. Throws `ERR_RMQ_DECODE` when a
 * message of the body is not in the header: nobody could acknowledge it.
 */
export const poppedMessages = (
  answer: PopAnswer,
  messages: readonly StoredMessage[],
  brokerName: string,
): readonly PoppedMessage[] => {
  const starts = decodeStartOffsets(answer.startOffsetInfo ?? '')
  const offsets = decodeMessageOffsets(answer.msgOffsetInfo ?? '')
  const counts = decodeOrderCounts(answer.orderCountInfo ?? '')
  const seen = new Map<string, number>()
  const firsts = new Map<string, Long>()

  return messages.map(stored => {
    const given = stored.properties[PROPERTY.POP_CK]
    const own = given === undefined ? undefined : decodePopCheckPoint(given)
    const { queueId } = stored
    const mark = own?.mark ?? topicMarkOf(stored.topic)
    const key = queueInfoKey(mark, queueId)
    const place = seen.get(key) ?? 0
    seen.set(key, place + 1)
    if (own !== undefined) {
      const handle = { ...own, queueOffset: own.queueOffset ?? stored.queueOffset }
      return { stored, handle, reconsumeTimes: stored.reconsumeTimes }
    }
    const first = firsts.get(key) ?? stored.queueOffset
    firsts.set(key, first)
    // Brokers before 5.0 final tell nothing: then it begins with the first message of the queue.
    const isTold = starts.size > 0
    const startOffset = isTold ? starts.get(key) : first
    const queueOffset = isTold ? offsets.get(key)?.[place] : stored.queueOffset
    if (startOffset === undefined || queueOffset === undefined) {
      throw decodeFailed(`answer to a pop: message ${place + 1} of queue ${key} is not in its header`)
    }
    const handle = {
      startOffset,
      popTime: answer.popTime,
      invisibleTime: answer.invisibleTime,
      reviveQueueId: answer.reviveQid,
      mark,
      brokerName,
      queueId,
      queueOffset,
    }
    const count = counts.get(offsetInfoKey(mark, queueId, queueOffset)) || counts.get(key) || stored.reconsumeTimes
    return { stored, handle, reconsumeTimes: count }
  })
}
