import { bool, int, int64, optional, text } from './fields.ts'
import { GROUP_QUEUE, LITE_TOPIC, NOTHING, request, undescribed } from './request-row.ts'

const FILTER = { expType: optional(text), exp: optional(text) }
const FIFO = { order: optional(bool), attemptId: optional(text) }
const HANDLE = { extraInfo: text, offset: int64, ...LITE_TOPIC }
/** How long the broker waits for a message, ms, and since when, epoch ms. */
const HELD = { pollTime: int64, bornTime: int64 }

const POPPED = {
  popTime: int64,
  invisibleTime: int64,
  reviveQid: int,
  restNum: int64,
  startOffsetInfo: optional(text),
  msgOffsetInfo: optional(text),
  orderCountInfo: optional(text),
}

/**
 * Consuming with progress kept by the broker, message by message (since 5.0). The codes do not fit the 16 bits of the
 * compact header: they travel as JSON.
 */
export const POPPING_REQUESTS = {
  POP_MESSAGE: request(
    200050,
    { ...GROUP_QUEUE, maxMsgNums: int, invisibleTime: int64, ...HELD, initMode: int, ...FILTER, ...FIFO },
    POPPED,
  ),
  ACK_MESSAGE: request(200051, { ...GROUP_QUEUE, ...HANDLE }, NOTHING),
  BATCH_ACK_MESSAGE: request(200151, NOTHING, NOTHING),
  PEEK_MESSAGE: request(200052, { ...GROUP_QUEUE, maxMsgNums: int }, POPPED),
  CHANGE_MESSAGE_INVISIBLETIME: request(
    200053,
    { ...GROUP_QUEUE, ...HANDLE, invisibleTime: int64, suspend: optional(bool) },
    { popTime: int64, invisibleTime: int64, reviveQid: int },
  ),
  NOTIFICATION: request(
    200054,
    { ...GROUP_QUEUE, ...HELD, ...FILTER, ...FIFO },
    { hasMsg: bool, pollingFull: optional(bool) },
  ),
  POLLING_INFO: request(200055, GROUP_QUEUE, { pollingNum: int }),
  POP_ROLLBACK: undescribed(200056),

  // lite topics, since 5.5
  POP_LITE_MESSAGE: undescribed(200070),
  LITE_SUBSCRIPTION_CTL: undescribed(200071),
  ACK_LITE_MESSAGE: undescribed(200072),
  NOTIFY_UNSUBSCRIBE_LITE: undescribed(200073),
  GET_BROKER_LITE_INFO: undescribed(200074),
  GET_PARENT_TOPIC_INFO: undescribed(200075),
  GET_LITE_TOPIC_INFO: undescribed(200076),
  GET_LITE_CLIENT_INFO: undescribed(200077),
  GET_LITE_GROUP_INFO: undescribed(200078),
  TRIGGER_LITE_DISPATCH: undescribed(200079),
} as const
