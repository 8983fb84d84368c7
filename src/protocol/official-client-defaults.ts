// What the official Java client (5.3) does when nobody configured it, where this library has no option of the same
// meaning: other members of a group that run it do so, and tools show these settings by these names. What has an option
// here is not listed again: its default stands at the option. Times without a unit in the name are ms.

/** `ClientConfig`: finding out which brokers are slow, for sends. */
export const OFFICIAL_LATENCY_DEFAULTS = {
  /** Whether slow brokers are avoided. */
  sendLatencyEnable: false,
  /** Whether brokers that were avoided are tried by dialing. */
  startDetectorEnable: false,
  detectTimeout: 200,
} as const

/** `DefaultMQProducer`. */
export const OFFICIAL_PRODUCER_DEFAULTS = {
  /** Part of the time for a send that one of its attempts may take; -1: all that is left. */
  sendMsgMaxTimeoutPerRequest: -1,
} as const

/** `DefaultMQPushConsumer`. */
export const OFFICIAL_PUSH_CONSUMER_DEFAULTS = {
  /** Between two pulls of a queue. */
  pullInterval: 0,
  /** Messages behind at which more threads were once started. */
  adjustThreadPoolNumsThreshold: 100_000,
  /** How long a popped message is invisible to others. Brokers are asked for 5,000 to 300,000, else for this. */
  popInvisibleTime: 60_000,
  /** Messages asked for by one pop; brokers refuse to be asked for more. */
  popBatchNums: 32,
  /** Popped messages of a queue that wait for their acknowledgement before no more are popped. */
  popThresholdForQueue: 96,
} as const

/** `DefaultLitePullConsumer`: the application asks for messages, in its own time. */
export const OFFICIAL_LITE_PULL_CONSUMER_DEFAULTS = {
  messageModel: 'CLUSTERING',
  consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
  autoCommit: true,
  pullThreadNums: 20,
  pullBatchSize: 10,
  /** Messages in hand, in total. */
  pullThresholdForAll: 10_000,
  /** MiB in hand per queue. */
  pullThresholdSizeForQueue: 100,
  /** Offsets between the oldest and the newest message in hand of a queue. */
  consumeMaxSpan: 2_000,
  /** How long the broker holds a pull, and how long the client waits for it. */
  brokerSuspendMaxTimeMillis: 20_000,
  consumerTimeoutMillisWhenSuspend: 30_000,
  topicMetadataCheckIntervalMillis: 30_000,
} as const

/** `NettyClientConfig`. */
export const OFFICIAL_CONNECTION_DEFAULTS = {
  useTLS: false,
  channelNotActiveInterval: 60_000,
  /** Whether GO_AWAY is followed by a new connection to the same server. */
  enableReconnectForGoAway: true,
  disableCallbackExecutor: false,
} as const
