import { isObservable } from 'rxjs'
import type { Observable } from 'rxjs'
import { expected, isFunction, isListOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { checkedBool, checkedInt, checkedMs, oneOf } from '../client/checks.ts'
import { collected, noted, wrong } from '../client/problems.ts'
import { resolveTrace } from '../client/trace-options.ts'
import type { TraceOptions, TraceSettings } from '../client/trace-options.ts'
import { illegal } from '../errors.ts'
import { checkGroup } from '../protocol/names.ts'
import { compressorFor } from '../protocol/compression/compress.ts'
import type { CompressionType, Compressor } from '../protocol/compression/compress.ts'
import { checkedSelect } from './selection.ts'
import type { QueueHash, Select } from './selection.ts'
import type { SendInterceptor } from './send-interceptors.ts'

/** How bodies may be compressed. */
export type CompressionChoice = 'none' | CompressionType | Compressor

/** What cuts a batch into several requests. */
export type BatchSplit = 'size' | 'count'

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
  /**
   * How a message finds its queue: a name, a function, or an Observable of them, which is followed while the producer lives.
   * By name, a message with a sharding key always goes to the queue of its key. Default `round-robin`, also until an
   * Observable gives one.
   */
  readonly select?: Select | Observable<Select>
  /** The hash of sharding keys, and of keys. Default `java`: one key, one queue, whichever Java or rxjs client sends it. */
  readonly hash?: QueueHash
  /**
   * Whether a message that was stored, but not flushed or replicated in time, is offered to another broker: it is then stored
   * twice. Default false, as Java. When no other takes it, that answer is the result.
   */
  readonly retryAnotherBrokerWhenNotStoreOk?: boolean
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
  /**
   * How bodies are compressed: `none`, `zlib`, `lz4`, `zstd`, or a compressor of your own. Default `zlib`, which receivers
   * of any age can read. What this Node.js cannot write is refused: zstd needs 22.15 or 23.8.
   */
  readonly compression?: CompressionChoice
  /** Bodies from this size on are compressed. Default 4,096, as Java; Infinity: never. */
  readonly compressAboveBytes?: number
  /** Level 1 to 9, of zstd to 22; lz4 has none. Default 5, as Java. */
  readonly compressLevel?: number
  /**
   * `each`: the bodies of a batch are compressed one by one where every one reaches compressAboveBytes, as one flag stands
   * for all. Default `none`, as Java.
   */
  readonly compressBatch?: 'none' | 'each'
  /**
   * What cuts a batch into several requests: its `size`, at maxBatchBytes, or its `count` as well, at maxBatchCount.
   * Default `size`.
   */
  readonly batchSplit?: BatchSplit
  /** Most bytes of one batch as the broker stores it, records and all. Default 4,194,304, as its maxMessageSize. */
  readonly maxBatchBytes?: number
  /** Most messages of one batch where batchSplit is `count`. Default 32. */
  readonly maxBatchCount?: number
  /** Ask brokers to create an unknown topic from the template TBW102. Default true, as Java; brokers may refuse. */
  readonly autoCreateTopics?: boolean
  /** Queues per broker of a topic made that way. Default 4, as Java's defaultTopicQueueNums. */
  readonly defaultTopicQueues?: number
  /** Around every send, the first one outermost: see `SendInterceptor`. None cost nothing. Default: none. */
  readonly interceptors?: readonly SendInterceptor[]
  /** Have every send traced in RocketMQ's own way: records in batches to a topic, see `TraceOptions`. Default false. */
  readonly trace?: boolean | TraceOptions
}

/** The options of a producer, complete and checked. */
export interface ProducerSettings {
  readonly group: string
  readonly timeoutMs: number
  readonly retries: number
  readonly retry: RetryPolicy
  readonly select: Select | Observable<Select>
  readonly hash: QueueHash
  readonly retryAnotherBrokerWhenNotStoreOk: boolean
  readonly maxInFlight: number
  readonly maxQueued: number
  readonly maxQueuedBytes: number
  readonly maxRequests: number
  readonly maxMessageBytes: number
  readonly compression: CompressionChoice
  readonly compressAboveBytes: number
  readonly compressLevel: number
  readonly compressBatch: 'none' | 'each'
  readonly batchSplit: BatchSplit
  readonly maxBatchBytes: number
  readonly maxBatchCount: number
  readonly autoCreateTopics: boolean
  readonly defaultTopicQueues: number
  readonly interceptors: readonly SendInterceptor[]
  /** Undefined: nothing is traced. */
  readonly trace: TraceSettings | undefined
}

/** What a producer does where nothing else is said. */
export const PRODUCER_DEFAULTS: ProducerSettings = {
  group: 'rocketmq-rxjs',
  timeoutMs: 3_000,
  retries: 2,
  retry: 'java',
  select: 'round-robin',
  hash: 'java',
  retryAnotherBrokerWhenNotStoreOk: false,
  maxInFlight: 1_024,
  maxQueued: 16_384,
  maxQueuedBytes: 64 << 20,
  maxRequests: 16_384,
  maxMessageBytes: 4_194_304,
  compression: 'zlib',
  compressAboveBytes: 4_096,
  compressLevel: 5,
  compressBatch: 'none',
  batchSplit: 'size',
  maxBatchBytes: 4_194_304,
  maxBatchCount: 32,
  autoCreateTopics: true,
  defaultTopicQueues: 4,
  interceptors: [],
  trace: undefined,
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. `undefined` means the default. */
export const resolveProducerOptions = (given: ProducerOptions = {}): ProducerSettings =>
  collected('a producer', () => checkedOptions(given))

const checkedOptions = (given: ProducerOptions): ProducerSettings => {
  const d = PRODUCER_DEFAULTS
  const group = given.group ?? d.group
  const { interceptors = d.interceptors, compression = d.compression } = given
  checkNames('producer', given, d)
  noted(() => checkOwnGroup(group))
  expected('interceptors', interceptors, isListOf(interceptors, isFunction), 'a list of functions')
  const compressor = compressorOf(compression)
  if (compression === 'lz4' && given.compressLevel !== undefined) {
    wrong(illegal('compressLevel and compression "lz4" exclude each other: lz4 has no levels'), undefined)
  }
  const compressAboveBytes = given.compressAboveBytes ?? d.compressAboveBytes
  return {
    group,
    timeoutMs: checkedMs('timeoutMs', given.timeoutMs, d.timeoutMs),
    retries: checkedInt('retries', given.retries, d.retries, [0, 16]),
    retry: oneOf('retry', given.retry, d.retry, ['java', 'safe']),
    select: isObservable(given.select) ? given.select : checkedSelect(given.select, 'round-robin'),
    hash: oneOf('hash', given.hash, d.hash, ['java', 'fnv1a']),
    retryAnotherBrokerWhenNotStoreOk: checkedBool(
      'retryAnotherBrokerWhenNotStoreOk',
      given.retryAnotherBrokerWhenNotStoreOk,
      d.retryAnotherBrokerWhenNotStoreOk,
    ),
    maxInFlight: checkedInt('maxInFlight', given.maxInFlight, d.maxInFlight, [1]),
    maxQueued: checkedInt('maxQueued', given.maxQueued, d.maxQueued, [0]),
    maxQueuedBytes: checkedInt('maxQueuedBytes', given.maxQueuedBytes, d.maxQueuedBytes, [0]),
    maxRequests: checkedInt('maxRequests', given.maxRequests, d.maxRequests, [1]),
    maxMessageBytes: checkedInt('maxMessageBytes', given.maxMessageBytes, d.maxMessageBytes, [1, 16 << 20]),
    compression,
    compressAboveBytes:
      compressAboveBytes === Infinity ? Infinity : checkedInt('compressAboveBytes', compressAboveBytes, 0, [0]),
    compressLevel: checkedInt('compressLevel', given.compressLevel, d.compressLevel, [
      1,
      compressor?.type === 'zstd' ? 22 : 9,
    ]),
    compressBatch: oneOf('compressBatch', given.compressBatch, d.compressBatch, ['none', 'each']),
    batchSplit: oneOf('batchSplit', given.batchSplit, d.batchSplit, ['size', 'count']),
    maxBatchBytes: checkedInt('maxBatchBytes', given.maxBatchBytes, d.maxBatchBytes, [1, 16 << 20]),
    maxBatchCount: checkedInt('maxBatchCount', given.maxBatchCount, d.maxBatchCount, [1, 65_536]),
    autoCreateTopics: checkedBool('autoCreateTopics', given.autoCreateTopics, d.autoCreateTopics),
    defaultTopicQueues: checkedInt('defaultTopicQueues', given.defaultTopicQueues, d.defaultTopicQueues, [1, 1_024]),
    interceptors,
    trace: resolveTrace(given.trace),
  }
}

/** The same where problems are collected: a wrong choice is one of them. */
const compressorOf = (compression: CompressionChoice): Compressor | undefined => {
  let compressor: Compressor | undefined
  noted(() => (compressor = chosenCompressor(compression)), 'compression')
  return compressor
}

/** What compresses, if anything does. What cannot be is ERR_RMQ_ILLEGAL. */
export const chosenCompressor = (compression: CompressionChoice): Compressor | undefined =>
  compression === 'none' ? undefined : compressorFor(compression)
/** Throws ERR_RMQ_ILLEGAL for a name that no group of producers may have. */
export const checkOwnGroup = (group: string): void => {
  checkGroup(group)
  if (group === 'DEFAULT_PRODUCER') throw illegal('producer group "DEFAULT_PRODUCER" is reserved')
}
