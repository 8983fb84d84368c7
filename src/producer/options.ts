import { checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { illegal } from '../errors.ts'
import { checkGroup } from '../protocol/names.ts'

/** How a message without a sharding key finds its queue. */
export type Selection = 'round-robin' | 'random'

/**
 * `java`: as the Java client, also after a lost connection or a timeout, when it may have been stored: the repeat has
 * the same unique id. `safe`: only what certainly was not stored.
 */
export type RetryPolicy = 'java' | 'safe'

/** What `client.producer()` may be told. A bad option throws ERR_RMQ_ILLEGAL and names itself. */
export interface ProducerOptions {
  /** The producer group: matters for transactions and to administrators. Default `rocketmq-rxjs`. */
  readonly group?: string
  /** Budget of a send with all its repeats, ms. Default 3,000, as Java's sendMsgTimeout. */
  readonly timeoutMs?: number
  /** Repeats after the first attempt. Default 2, as Java's retryTimesWhenSendFailed. 0 to 16. */
  readonly retries?: number
  /** What is sent again after a failure: see `RetryPolicy`. Default `java`. */
  readonly retry?: RetryPolicy
  /** How a message finds its queue; with a sharding key always by its hash. Default `round-robin`. */
  readonly select?: Selection
  /** Most sends on the way at once. Default 1,024. */
  readonly maxInFlight?: number
  /** Most sends that wait for their turn; one more fails with ERR_RMQ_OVERFLOW. Default 16,384. */
  readonly maxQueued?: number
  /** Most body bytes that wait. Default 64 MiB. */
  readonly maxQueuedBytes?: number
  /** Most requests that wait for their replies; one more fails with ERR_RMQ_OVERFLOW. Default 16,384. */
  readonly maxRequests?: number
  /** Most bytes of a body before compression. Default 4,194,304, as the broker's maxMessageSize. */
  readonly maxMessageBytes?: number
  /** Bodies from this size on are compressed with zlib. Default 4,096, as Java; Infinity: never. */
  readonly compressAboveBytes?: number
  /** zlib level 1 to 9. Default 5, as Java. */
  readonly compressLevel?: number
  /** Ask brokers to create an unknown topic from the template TBW102. Default true, as Java; brokers may refuse. */
  readonly autoCreateTopics?: boolean
  /** Queues per broker of a topic made that way. Default 4, as Java's defaultTopicQueueNums. */
  readonly defaultTopicQueues?: number
}

/** The options of a producer, complete and checked. */
export interface ProducerSettings {
  readonly group: string
  readonly timeoutMs: number
  readonly retries: number
  readonly retry: RetryPolicy
  readonly select: Selection
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly maxQueuedBytes: number
  readonly maxRequests: number
  readonly maxMessageBytes: number
  readonly compressAboveBytes: number
  readonly compressLevel: number
  readonly autoCreateTopics: boolean
  readonly defaultTopicQueues: number
}

/** What a producer does where nothing else is said. */
export const PRODUCER_DEFAULTS: ProducerSettings = {
  group: 'rocketmq-rxjs',
  timeoutMs: 3_000,
  retries: 2,
  retry: 'java',
  select: 'round-robin',
  maxInFlight: 1_024,
  maxQueued: 16_384,
  maxQueuedBytes: 64 << 20,
  maxRequests: 16_384,
  maxMessageBytes: 4_194_304,
  compressAboveBytes: 4_096,
  compressLevel: 5,
  autoCreateTopics: true,
  defaultTopicQueues: 4,
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveProducerOptions = (given: ProducerOptions = {}): ProducerSettings => {
  const d = PRODUCER_DEFAULTS
  const group = given.group ?? d.group
  checkGroup(group)
  if (group === 'DEFAULT_PRODUCER') throw illegal('producer group "DEFAULT_PRODUCER" is reserved')
  const compressAboveBytes = given.compressAboveBytes ?? d.compressAboveBytes
  return {
    group,
    timeoutMs: checkedMs('timeoutMs', given.timeoutMs, d.timeoutMs),
    retries: checkedInt('retries', given.retries, d.retries, [0, 16]),
    retry: oneOf('retry', given.retry, d.retry, ['java', 'safe']),
    select: oneOf('select', given.select, d.select, ['round-robin', 'random']),
    maxInFlight: checkedInt('maxInFlight', given.maxInFlight, d.maxInFlight, [1]),
    maxQueued: checkedInt('maxQueued', given.maxQueued, d.maxQueued, [0]),
    maxQueuedBytes: checkedInt('maxQueuedBytes', given.maxQueuedBytes, d.maxQueuedBytes, [0]),
    maxRequests: checkedInt('maxRequests', given.maxRequests, d.maxRequests, [1]),
    maxMessageBytes: checkedInt('maxMessageBytes', given.maxMessageBytes, d.maxMessageBytes, [1, 16 << 20]),
    compressAboveBytes:
      compressAboveBytes === Infinity ? Infinity : checkedInt('compressAboveBytes', compressAboveBytes, 0, [0]),
    compressLevel: checkedInt('compressLevel', given.compressLevel, d.compressLevel, [1, 9]),
    autoCreateTopics: given.autoCreateTopics ?? d.autoCreateTopics,
    defaultTopicQueues: checkedInt('defaultTopicQueues', given.defaultTopicQueues, d.defaultTopicQueues, [1, 1_024]),
  }
}
