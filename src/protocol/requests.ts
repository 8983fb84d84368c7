import { as, bool, int, int64, optional, text } from './fields.ts'
import type { HeaderFields } from './fields.ts'

/** One row of the protocol: a request code, what it asks, and what a successful answer carries in its header. */
export interface RequestRow<Ask extends HeaderFields = HeaderFields, Answer extends HeaderFields = HeaderFields> {
  readonly code: number
  readonly asks: Ask
  readonly answers: Answer
}

const request = <const Ask extends HeaderFields, const Answer extends HeaderFields>(
  code: number,
  asks: Ask,
  answers: Answer,
): RequestRow<Ask, Answer> => ({ code, asks, answers })

/** A namespace told beside the names (5.x), and whether the names carry it already. */
const NAMESPACE = { ns: optional(text), nsd: optional(bool) }
/** The broker that a request is meant for; brokers ignore it, the proxy requires it. */
const TO_BROKER = { bname: optional(text), ...NAMESPACE }
const QUEUE = { topic: text, queueId: int, ...TO_BROKER }
const GROUP_QUEUE = { consumerGroup: text, ...QUEUE }

const SEND_V1 = {
  producerGroup: text,
  topic: text,
  defaultTopic: text,
  defaultTopicQueueNums: int,
  queueId: int,
  sysFlag: int,
  bornTimestamp: int64,
  flag: int,
  properties: optional(text),
  reconsumeTimes: optional(int),
  unitMode: optional(bool),
  maxReconsumeTimes: optional(int),
  batch: optional(bool),
  ...TO_BROKER,
}

/** The same header under one-letter names, the default of the official clients. */
const SEND_V2 = {
  producerGroup: as('a', text),
  topic: as('b', text),
  defaultTopic: as('c', text),
  defaultTopicQueueNums: as('d', int),
  queueId: as('e', int),
  sysFlag: as('f', int),
  bornTimestamp: as('g', int64),
  flag: as('h', int),
  properties: as('i', optional(text)),
  reconsumeTimes: as('j', optional(int)),
  unitMode: as('k', optional(bool)),
  maxReconsumeTimes: as('l', optional(int)),
  batch: as('m', optional(bool)),
  bname: as('n', optional(text)),
  ...NAMESPACE,
}

const SENT = {
  msgId: text,
  queueId: int,
  queueOffset: int64,
  transactionId: optional(text),
  batchUniqId: optional(text),
  recallHandle: optional(text),
  MSG_REGION: optional(text),
  TRACE_ON: optional(text),
}

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

const OFFSET = { offset: int64 }

/**
 * The requests of this slice. A new request that servers support is one more row here (and one function in `broker/`).
 * Codes and fields: the official `RequestCode` and its header classes.
 */
export const REQUESTS = {
  //                                 code  asks                                     answers
  SEND_MESSAGE: request(10, SEND_V1, SENT),
  PULL_MESSAGE: request(11, PULL, PULLED),
  QUERY_CONSUMER_OFFSET: request(14, { ...GROUP_QUEUE, setZeroIfNotFound: optional(bool) }, OFFSET),
  UPDATE_CONSUMER_OFFSET: request(15, { ...GROUP_QUEUE, commitOffset: int64 }, {}),
  UPDATE_AND_CREATE_TOPIC: request(
    17,
    {
      topic: text,
      defaultTopic: text,
      readQueueNums: int,
      writeQueueNums: int,
      perm: int,
      topicFilterType: text,
      topicSysFlag: optional(int),
      order: bool,
      attributes: optional(text),
      force: optional(bool),
    },
    {},
  ),
  SEARCH_OFFSET_BY_TIMESTAMP: request(29, { ...QUEUE, timestamp: int64, boundaryType: optional(text) }, OFFSET),
  GET_MAX_OFFSET: request(30, { ...QUEUE, committed: optional(bool) }, OFFSET),
  GET_MIN_OFFSET: request(31, QUEUE, OFFSET),
  HEART_BEAT: request(34, {}, { IS_SUPPORT_HEART_BEAT_V2: optional(bool), IS_SUB_CHANGE: optional(bool) }),
  UNREGISTER_CLIENT: request(
    35,
    { clientID: text, producerGroup: optional(text), consumerGroup: optional(text), ...TO_BROKER },
    {},
  ),
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
    {},
  ),
  GET_CONSUMER_LIST_BY_GROUP: request(38, { consumerGroup: text, ...TO_BROKER }, {}),
  NOTIFY_CONSUMER_IDS_CHANGED: request(40, { consumerGroup: text, ...TO_BROKER }, {}),
  GET_ROUTEINFO_BY_TOPIC: request(105, { topic: text, acceptStandardJsonOnly: optional(bool) }, {}),
  GET_BROKER_CLUSTER_INFO: request(106, {}, {}),
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: request(200, {}, {}),
  SEND_MESSAGE_V2: request(310, SEND_V2, SENT),
  SEND_BATCH_MESSAGE: request(320, SEND_V2, SENT),
} as const
