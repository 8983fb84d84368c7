import { as, bool, int, int64, optional, text } from './fields.ts'
import { GROUP, NOTHING, QUEUE, request, TO_BROKER, TOPIC, undescribed } from './request-row.ts'

/** Topics of a broker. */
export const TOPIC_REQUESTS = {
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
      ...TO_BROKER,
    },
    NOTHING,
  ),
  UPDATE_AND_CREATE_TOPIC_LIST: request(18, NOTHING, NOTHING),
  GET_ALL_TOPIC_CONFIG: request(21, NOTHING, NOTHING),
  GET_TOPIC_STATS_INFO: request(202, TOPIC, NOTHING),
  DELETE_TOPIC_IN_BROKER: request(215, TOPIC, NOTHING),
  GET_SYSTEM_TOPIC_LIST_FROM_BROKER: request(305, NOTHING, NOTHING),
  CLEAN_UNUSED_TOPIC: undescribed(316),
  /** `lo`: also when the topic is a static one. */
  GET_TOPIC_CONFIG: request(351, { ...TOPIC, lo: optional(bool) }, NOTHING),
  UPDATE_AND_CREATE_STATIC_TOPIC: undescribed(513),

  // reserved: no server has a handler
  GET_TOPIC_CONFIG_LIST: undescribed(22),
  GET_TOPIC_NAME_LIST: undescribed(23),
} as const

/** Consumer and producer groups of a broker. */
export const GROUP_REQUESTS = {
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: request(200, NOTHING, NOTHING),
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG: request(201, NOTHING, { totalGroupNum: optional(int) }),
  GET_CONSUMER_CONNECTION_LIST: request(203, GROUP, NOTHING),
  GET_PRODUCER_CONNECTION_LIST: request(204, { producerGroup: text, ...TO_BROKER }, NOTHING),
  DELETE_SUBSCRIPTIONGROUP: request(207, { groupName: text, cleanOffset: optional(bool), ...TO_BROKER }, NOTHING),
  GET_CONSUME_STATS: request(208, { ...GROUP, topic: optional(text), topicList: optional(text) }, NOTHING),
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST: request(225, NOTHING, NOTHING),
  QUERY_TOPIC_CONSUME_BY_WHO: request(300, TOPIC, NOTHING),
  QUERY_CONSUME_TIME_SPAN: request(303, { ...TOPIC, group: text }, NOTHING),
  GET_BROKER_CONSUME_STATS: undescribed(317),
  GET_ALL_PRODUCER_INFO: request(328, NOTHING, NOTHING),
  QUERY_TOPICS_BY_CONSUMER: undescribed(343),
  QUERY_SUBSCRIPTION_BY_CONSUMER: request(345, { ...TOPIC, group: text }, NOTHING),
  GET_SUBSCRIPTIONGROUP_CONFIG: request(352, { group: text, ...TO_BROKER }, NOTHING),
  UPDATE_AND_GET_GROUP_FORBIDDEN: undescribed(353),

  // reserved: no server has a handler
  SUSPEND_CONSUMER: undescribed(209),
  RESUME_CONSUMER: undescribed(210),
  ADJUST_CONSUMER_THREAD_POOL: undescribed(213),
  WHO_CONSUME_THE_MESSAGE: undescribed(214),
  REGISTER_FILTER_SERVER: undescribed(301),
  REGISTER_MESSAGE_FILTER_CLASS: undescribed(302),
} as const

/** Finding stored messages. */
export const LOOKUP_REQUESTS = {
  QUERY_MESSAGE: request(
    12,
    {
      ...TOPIC,
      key: text,
      maxNum: int,
      beginTimestamp: int64,
      endTimestamp: int64,
      /** Whether `key` is a unique key; then the broker decides how many. */
      isUniqueKey: as('_UNIQUE_KEY_QUERY', optional(bool)),
    },
    { indexLastUpdateTimestamp: int64, indexLastUpdatePhyoffset: int64 },
  ),
  VIEW_MESSAGE_BY_ID: request(33, { offset: int64, topic: optional(text), ...TO_BROKER }, NOTHING),
  QUERY_CONSUME_QUEUE: request(321, { ...QUEUE, index: int64, count: int, consumerGroup: optional(text) }, NOTHING),
} as const
