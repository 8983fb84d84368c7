import { DEFAULT_DELAY_LEVELS } from './delay-levels.ts'

// What official servers (5.3) do when nobody configured them, by the names of their settings: those by which
// GET_BROKER_CONFIG and GET_NAMESRV_CONFIG answer them and UPDATE_BROKER_CONFIG sets them. For brokers of one's own, and
// to see what an operator changed. Times without a unit in the name are ms.

/** `BrokerConfig`. In 4.9 `transactionCheckInterval` is 60,000. */
export const BROKER_DEFAULTS = {
  /** See `PERM`: what the broker allows of what its topics allow. */
  brokerPermission: 6,
  autoCreateTopicEnable: true,
  /** Whether the names of the cluster and of the broker are topics. */
  clusterTopicEnable: true,
  brokerTopicEnable: true,
  autoCreateSubscriptionGroup: true,
  longPollingEnable: true,
  /** How long a pull is held without long polling. */
  shortPollingTimeMills: 1_000,
  /** How old a request may become in its queue before it is answered SYSTEM_BUSY. */
  waitTimeMillsInSendQueue: 200,
  waitTimeMillsInPullQueue: 5_000,
  waitTimeMillsInTransactionQueue: 3_000,
  brokerFastFailureEnable: true,
  /** What answers to sends and stored messages say. */
  regionId: 'DefaultRegion',
  traceOn: true,
  traceTopicEnable: false,
  /** How old a half message must be before its producer is asked about it. */
  transactionTimeOut: 6_000,
  /** How often it is asked before the message is dropped. */
  transactionCheckMax: 15,
  transactionCheckInterval: 30_000,
  rejectTransactionMessage: false,
  litePullMessageEnable: true,
  /** Members that share a queue of a popping group; -1: all. */
  defaultPopShareQueueNum: -1,
  popPollingMapSize: 100_000,
  /** Most pops that wait under one key; one more is answered POLLING_FULL. */
  popPollingSize: 1_024,
  /** Percent of the pops that look into the retry topic first. */
  popFromRetryProbability: 20,
  reviveQueueNum: 8,
  enableRetryTopicV2: false,
  retrieveMessageFromPopRetryTopicV1: true,
  popResponseReturnActualRetryTopic: false,
  recallMessageEnable: false,
  useServerSideResetOffset: true,
  enableMixedMessageType: false,
  validateSystemTopicWhenUpdateTopic: true,
  subscriptionExpiredTimeout: 600_000,
} as const

/** `MessageStoreConfig`. */
export const STORE_DEFAULTS = {
  /** Bytes of body, properties and topic. */
  maxMessageSize: 4_194_304,
  maxFilterMessageSize: 16_000,
  /** What one answer to a pull holds at most: bytes and messages of what is in memory, bytes of what is on disk. */
  maxTransferBytesOnMessageInMemory: 262_144,
  maxTransferCountOnMessageInMemory: 32,
  maxTransferBytesOnMessageInDisk: 65_536,
  messageDelayLevel: DEFAULT_DELAY_LEVELS,
  /** Hours that a file is kept, and the hour of the day when old ones go. */
  fileReservedTime: 72,
  deleteWhen: '04',
  /** Percent. */
  diskMaxUsedSpaceRatio: 75,
  duplicationEnable: false,
  timerWheelEnable: true,
  /** Seconds. */
  timerMaxDelaySec: 259_200,
  timerRollWindowSlot: 172_800,
  messageIndexEnable: true,
  /** Whether topics longer than 127 bytes are stored, in the second record layout. */
  autoMessageVersionOnTopicLen: true,
  travelCqFileNumWhenGetMessage: 1,
  maxAsyncPutMessageRequests: 5_000,
  enableLmq: false,
  enableMultiDispatch: false,
} as const

/** `NamesrvConfig`. */
export const NAME_SERVER_DEFAULTS = {
  scanNotActiveBrokerInterval: 5_000,
  orderMessageEnable: false,
  returnOrderTopicConfigToBroker: true,
  supportActingMaster: false,
  needWaitForService: false,
  waitSecondsForService: 45,
} as const

/** `NettyServerConfig`, of brokers and name servers. */
export const SERVER_CONNECTION_DEFAULTS = {
  /** How long a server that stops in an orderly way answers GO_AWAY. */
  shutdownWaitTimeSeconds: 30,
} as const
