import { bool, int, int64, optional, text } from './fields.ts'
import { GROUP_QUEUE, LITE_TOPIC, NOTHING, QUEUE, request, TO_BROKER, undescribed } from './request-row.ts'

const OFFSET = { offset: int64 }
const GROUP_TOPIC = { topic: text, group: text, ...TO_BROKER }

const RESET = {
  ...GROUP_TOPIC,
  /** Missing or -1: all queues. */
  queueId: optional(int),
  /** -1: the end of each queue. */
  timestamp: int64,
  isForce: bool,
  offset: optional(int64),
}

/** Where groups stand, where queues begin and end. */
export const OFFSET_REQUESTS = {
  QUERY_CONSUMER_OFFSET: request(14, { ...GROUP_QUEUE, setZeroIfNotFound: optional(bool) }, OFFSET),
  UPDATE_CONSUMER_OFFSET: request(15, { ...GROUP_QUEUE, commitOffset: int64 }, NOTHING),
  SEARCH_OFFSET_BY_TIMESTAMP: request(
    29,
    { ...QUEUE, timestamp: int64, boundaryType: optional(text), ...LITE_TOPIC },
    OFFSET,
  ),
  GET_MAX_OFFSET: request(30, { ...QUEUE, committed: optional(bool) }, OFFSET),
  GET_MIN_OFFSET: request(31, QUEUE, OFFSET),
  GET_EARLIEST_MSG_STORETIME: request(32, QUEUE, { timestamp: int64 }),
  GET_ALL_CONSUMER_OFFSET: request(43, NOTHING, NOTHING),
  GET_ALL_DELAY_OFFSET: undescribed(45),
  /** From the broker, never answered: go on at the offsets of the body. */
  RESET_CONSUMER_CLIENT_OFFSET: request(220, RESET, NOTHING),
  /** From the broker: the offsets in memory, asked of a member. */
  GET_CONSUMER_STATUS_FROM_CLIENT: request(221, { ...GROUP_TOPIC, clientAddr: optional(text) }, NOTHING),
  INVOKE_BROKER_TO_RESET_OFFSET: request(222, RESET, NOTHING),
  INVOKE_BROKER_TO_GET_CONSUMER_STATUS: request(223, { ...GROUP_TOPIC, clientAddr: optional(text) }, NOTHING),
  CLONE_GROUP_OFFSET: request(
    314,
    { srcGroup: text, destGroup: text, topic: optional(text), offline: optional(bool), ...TO_BROKER },
    NOTHING,
  ),
  QUERY_CORRECTION_OFFSET: undescribed(308),

  // reserved: no server has a handler
  QUERY_BROKER_OFFSET: undescribed(13),
  RESET_CONSUMER_OFFSET_IN_CONSUMER: undescribed(211),
  RESET_CONSUMER_OFFSET_IN_BROKER: undescribed(212),
} as const
