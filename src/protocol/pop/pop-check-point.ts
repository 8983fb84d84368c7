import type Long from 'long'
import { decodeFailed, illegal } from '../../errors.ts'
import { readInt, readLong } from './pop-numbers.ts'

/**
 * The handle of a popped message, its property `POP_CK`: by it the message is acknowledged, or kept invisible for longer.
 * Text with blanks between its parts (`ExtraInfoUtil`).
 */
export interface PopCheckPoint {
  /** Queue offset where the pop began. */
  readonly startOffset: Long
  /** Epoch ms of the broker. */
  readonly popTime: Long
  /** Ms from then on during which nobody else gets the message. */
  readonly invisibleTime: Long
  /** The broker's own queue that tracks the pop; 999 for ordered ones. */
  readonly reviveQueueId: number
  /** Which kind of topic the message is stored in: see `TOPIC_MARK`. */
  readonly mark: string
  readonly brokerName: string
  readonly queueId: number
  /** Undefined in the beginning of a handle that has to be completed. */
  readonly queueOffset: Long | undefined
}

/** Revive queue of an ordered pop, which brokers track elsewhere. */
export const ORDERED_REVIVE_QUEUE = 999

const PARTS = [
  'start offset',
  'pop time',
  'invisible time',
  'revive queue id',
  'topic mark',
  'broker name',
  'queue id',
] as const

/** Throws `ERR_RMQ_ILLEGAL` for a broker name with a blank, which nobody could read back. */
export const encodePopCheckPoint = (handle: PopCheckPoint): string => {
  const { startOffset, popTime, invisibleTime, reviveQueueId, mark, brokerName, queueId, queueOffset } = handle
  for (const [what, text] of [
    ['topic mark', mark],
    ['broker name', brokerName],
  ] as const) {
    if (text === '' || text.includes(' '))
      throw illegal(`${what} "${text}" is empty or has a blank: a handle cannot hold it`)
  }
  const offset = queueOffset === undefined ? '' : ` ${queueOffset.toString()}`
  return `${startOffset.toString()} ${popTime.toString()} ${invisibleTime.toString()} ${reviveQueueId} ${mark} ${brokerName} ${queueId}${offset}`
}

/** All or nothing, where the official reader looks at each part when it needs it. Throws `ERR_RMQ_DECODE`. */
export const decodePopCheckPoint = (text: string): PopCheckPoint => {
  const parts = text.split(' ')
  const [start, popTime, invisible, revive, mark, brokerName, queueId, queueOffset] = parts
  if (mark === undefined || brokerName === undefined || queueId === undefined) {
    const missing = PARTS[text === '' ? 0 : parts.length] ?? ''
    throw decodeFailed(`POP handle: expected 8 parts with blanks between them, the ${missing} is missing`)
  }
  if (mark === '' || brokerName === '') throw decodeFailed('POP handle: expected no two blanks in a row')
  return {
    startOffset: readLong(start, 'start offset of a POP handle'),
    popTime: readLong(popTime, 'pop time of a POP handle'),
    invisibleTime: readLong(invisible, 'invisible time of a POP handle'),
    reviveQueueId: readInt(revive, 'revive queue id of a POP handle'),
    mark,
    brokerName,
    queueId: readInt(queueId, 'queue id of a POP handle'),
    queueOffset: queueOffset === undefined ? undefined : readLong(queueOffset, 'queue offset of a POP handle'),
  }
}
