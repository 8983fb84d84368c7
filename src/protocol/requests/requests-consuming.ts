import { bool, int, int64, optional, text } from './fields.ts'
import { GROUP, GROUP_QUEUE, LITE_TOPIC, NOTHING, request, TO_BROKER, undescribed } from './request-row.ts'

const PULL = {
  ...GROUP_QUEUE,
  queueOffset: int64,
  maxMsgNums: int,
  sysFlag: int,
  commitOffset: int64,
  suspendTimeoutMillis: int64,
  subscription: optional(text),
  subVersion: int64,
  expressionType: optional(text),
  maxMsgBytes: optional(int),
  ...LITE_TOPIC,
}

const PULLED = {
  suggestWhichBrokerId: int64,
  nextBeginOffset: int64,
  minOffset: int64,
  maxOffset: int64,
  offsetDelta: optional(int64),
  topicSysFlag: optional(int),
  groupSysFlag: optional(int),
  forbiddenType: optional(int),
}

/** The life of a member of a group: pulls, heartbeats, locks, retries, and what brokers and tools ask members. */
export const CONSUMING_REQUESTS = {
  PULL_MESSAGE: request(11, PULL, PULLED),
  LITE_PULL_MESSAGE: request(361, PULL, PULLED),
  HEART_BEAT: request(34, NOTHING, { IS_SUPPORT_HEART_BEAT_V2: optional(bool), IS_SUB_CHANGE: optional(bool) }),
  UNREGISTER_CLIENT: request(
    35,
    { clientID: text, producerGroup: optional(text), consumerGroup: optional(text), ...TO_BROKER },
    NOTHING,
  ),
  CHECK_CLIENT_CONFIG: request(46, NOTHING, NOTHING),
  GET_CLIENT_CONFIG: undescribed(47),
  CONSUMER_SEND_MSG_BACK: request(
    36,
    {
      group: text,
      offset: int64,
      delayLevel: int,
      originMsgId: optional(text),
      originTopic: optional(text),
      unitMode: optional(bool),
      maxReconsumeTimes: optional(int),
      ...TO_BROKER,
    },
    NOTHING,
  ),
  GET_CONSUMER_LIST_BY_GROUP: request(38, GROUP, NOTHING),
  /** From the broker, never answered. */
  NOTIFY_CONSUMER_IDS_CHANGED: request(40, GROUP, NOTHING),
  LOCK_BATCH_MQ: request(41, NOTHING, NOTHING),
  UNLOCK_BATCH_MQ: request(42, NOTHING, NOTHING),
  QUERY_ASSIGNMENT: request(400, NOTHING, NOTHING),
  SET_MESSAGE_REQUEST_MODE: request(401, NOTHING, NOTHING),
  GET_ALL_MESSAGE_REQUEST_MODE: undescribed(402),
  /** From the broker, or from a tool by way of it. */
  GET_CONSUMER_RUNNING_INFO: request(
    307,
    { consumerGroup: text, clientId: text, jstackEnable: optional(bool), ...TO_BROKER },
    NOTHING,
  ),
  /** From the broker, or from a tool by way of it. */
  CONSUME_MESSAGE_DIRECTLY: request(
    309,
    {
      consumerGroup: text,
      clientId: optional(text),
      msgId: optional(text),
      brokerName: optional(text),
      topic: optional(text),
      topicSysFlag: optional(int),
      groupSysFlag: optional(int),
      ...TO_BROKER,
    },
    NOTHING,
  ),
} as const
