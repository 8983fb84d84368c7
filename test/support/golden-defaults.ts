import { deflateSync } from 'node:zlib'
import { expect } from 'vitest'
import { resolveConnection } from '../../src/client/connection-options.ts'
import { resolveTiming } from '../../src/client/config.ts'
import { RETRY_MS } from '../../src/consumer/queues/queue-pages.ts'
import { resolveConsumerOptions } from '../../src/consumer/options.ts'
import { ORDERLY_PAUSE_MS } from '../../src/consumer/queues/orderly-pause.ts'
import { resolveProcessOptions } from '../../src/consumer/handling/process-options.ts'
import { resolveOptions } from '../../src/embedded/options.ts'
import { MAX_BODY_BYTES } from '../../src/embedded/handlers/send-checks.ts'
import { on, topic } from '../../src/index.ts'
import { resolveProducerOptions } from '../../src/producer/options.ts'
import { parseDelayLevels } from '../../src/protocol/delay-levels.ts'
import * as official from '../../src/protocol/official-client-defaults.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { isRetriableResponse, RESPONSE } from '../../src/protocol/responses.ts'
import * as servers from '../../src/protocol/server-defaults.ts'
import { MESSAGE_FLAG, PULL_FLAG } from '../../src/protocol/sys-flags.ts'
import { defaultConversation } from './default-conversation.ts'
import type { DefaultConversation } from './default-conversation.ts'
import type { Handlers, Vector } from './golden.ts'

const MIB = 1 << 20
const timing = resolveTiming()
const connection = resolveConnection()
const producer = resolveProducerOptions()
const consumer = resolveConsumerOptions({ group: 'g', subscribe: [on(topic('t'))] }, timing.commitMs)
const { flow } = consumer
const { concurrency } = resolveProcessOptions({}, consumer)
const embedded = resolveOptions({})

const PLAIN = 'a body that is written twice, a body that is written twice'
/** Of which all defaults are told that show on the wire: it takes place once, when the first one is asked for. */
let conversation: Promise<DefaultConversation> | undefined
const wired = (): Promise<DefaultConversation> =>
  (conversation ??= defaultConversation(deflateSync(PLAIN), MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB))

const NOT_STORED_WELL = [RESPONSE.FLUSH_DISK_TIMEOUT, RESPONSE.FLUSH_SLAVE_TIMEOUT, RESPONSE.SLAVE_NOT_AVAILABLE]

/** Where we do otherwise: our value, in the unit of the official one, and why. */
interface Otherwise {
  readonly ours: unknown
  readonly is: unknown
  readonly because: string
}

const otherwise = (ours: unknown, is: unknown, because: string): Otherwise => ({ ours, is, because })

/** What we do when nobody says otherwise, by the names of the official settings. */
const oursOf = (wire: DefaultConversation): Readonly<Record<string, Readonly<Record<string, unknown>>>> => {
  const { c: createTopicKey, d: queues, k: unitMode, m: batch } = wire.send.frame.fields
  const { maxMsgBytes, sysFlag } = wire.pull.frame.fields
  return {
    ClientConfig: {
      pollNameServerInterval: timing.routeRefreshMs,
      heartbeatBrokerInterval: timing.heartbeatMs,
      persistConsumerOffsetInterval: timing.commitMs,
      pullTimeDelayMillsWhenException: RETRY_MS,
      mqClientApiTimeout: timing.requestTimeoutMs,
      unitMode: unitMode !== 'false' || wire.consumer.unitMode !== false,
      vipChannelEnabled: wire.send.endpoint.endsWith(':10909'),
      useHeartbeatV2: wire.heartbeat.heartbeatFingerprint !== 0 || wire.heartbeat.withoutSub !== false,
      enableHeartbeatChannelEventListener: wire.heartbeats.length > 0, // long before the first period is over
      decodeReadBody: wire.received !== '',
      decodeDecompressBody: wire.received === PLAIN,
      enableConcurrentHeartbeat: otherwise(
        new Set(wire.heartbeats.map(({ endpoint }) => endpoint)).size > 1,
        true,
        'a broker that does not answer must not keep the others from hearing of us',
      ),
      ...official.OFFICIAL_LATENCY_DEFAULTS,
    },
    DefaultMQProducer: {
      createTopicKey,
      defaultTopicQueueNums: Number(queues),
      compressMsgBodyOverHowmuch: producer.compressAboveBytes,
      compressLevel: producer.compressLevel,
      retryTimesWhenSendFailed: producer.retries,
      retryAnotherBrokerWhenNotStoreOK: NOT_STORED_WELL.some(isRetriableResponse),
      autoBatch: batch !== 'false' || wire.codes.has(REQUESTS.SEND_BATCH_MESSAGE.code),
      backPressureForAsyncSendSize: otherwise(
        producer.maxQueuedBytes,
        64 * MIB,
        'it counts what waits for its turn, not also what is on its way',
      ),
      ...official.OFFICIAL_PRODUCER_DEFAULTS,
    },
    DefaultMQPushConsumer: {
      messageModel: wire.consumer.messageModel,
      consumeFromWhere: wire.consumer.consumeFromWhere,
      consumeThreadMin: otherwise(concurrency, 16, 'a handler that waits holds no thread'),
      consumeThreadMax: otherwise(concurrency, 16, 'a handler that waits holds no thread'),
      consumeConcurrentlyMaxSpan: flow.span,
      pullThresholdSizeForQueue: otherwise(flow.unsettledBytesPerQueue / MIB, 16, 'many queues share one process'),
      pullThresholdForTopic: otherwise(flow.unsettled, 4_096, 'the limit is for all topics of a consumer together'),
      pullThresholdSizeForTopic: otherwise(flow.unsettledBytes / MIB, 128, 'the limit is for all topics together'),
      pullBatchSizeInBytes: otherwise(maxMsgBytes, undefined, 'the broker has a limit of its own, which is the same'),
      postSubscriptionWhenPull: (Number(sysFlag) & PULL_FLAG.SUBSCRIPTION) !== 0,
      unitMode: wire.consumer.unitMode,
      maxReconsumeTimes: otherwise(consumer.maxAttempts, 16, 'it is what -1 means to a consumer without order'),
      suspendCurrentQueueTimeMillis: ORDERLY_PAUSE_MS,
      awaitTerminationMillisWhenShutdown: otherwise(timing.drainMs, 30_000, 'what is in hand is finished'),
      clientRebalance:
        wire.codes.has(REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code) && !wire.codes.has(REQUESTS.QUERY_ASSIGNMENT.code),
      ...official.OFFICIAL_PUSH_CONSUMER_DEFAULTS,
    },
    DefaultLitePullConsumer: official.OFFICIAL_LITE_PULL_CONSUMER_DEFAULTS,
    NettyClientConfig: {
      clientChannelMaxIdleTimeSeconds: otherwise(timing.idleMs / 1_000, 60, 'of a connection that nobody uses'),
      maxReconnectIntervalTimeSeconds: otherwise(connection.reconnectMaxMs / 1_000, 3, 'callers wait at the gate'),
      ...official.OFFICIAL_CONNECTION_DEFAULTS,
    },
    BrokerConfig: servers.BROKER_DEFAULTS,
    MessageStoreConfig: servers.STORE_DEFAULTS,
    NettyServerConfig: servers.SERVER_CONNECTION_DEFAULTS,
    NamesrvConfig: servers.NAME_SERVER_DEFAULTS,
  }
}

/** What the broker in this package does, where it can be told or holds a limit, by the names of the official settings. */
const EMBEDDED: Readonly<Record<string, unknown>> = {
  'BrokerConfig/autoCreateTopicEnable': embedded.autoCreateTopics,
  'MessageStoreConfig/messageDelayLevel': embedded.delayLevelsMs,
  'MessageStoreConfig/maxMessageSize': MAX_BODY_BYTES,
}

const isOtherwise = (value: unknown): value is Otherwise =>
  typeof value === 'object' && value !== null && 'because' in value

/** 64-bit numbers are texts in the vectors. */
const comparable = (value: unknown, as: unknown): unknown =>
  typeof as === 'string' && typeof value === 'number' ? String(value) : value

const checkDefault = async ({ name, expect: expected }: Vector): Promise<void> => {
  const [, owner = '', setting = ''] = name.split('/')
  const settings = oursOf(await wired())[owner]
  expect(settings).toHaveProperty(setting)
  const ours = settings?.[setting]
  if (isOtherwise(ours)) {
    expect(ours.ours).toBe(ours.is)
    expect(comparable(ours.ours, expected), `${name}: no difference any more`).not.toBe(expected)
  } else {
    expect(comparable(ours, expected)).toBe(expected)
  }
  const path = `${owner}/${setting}`
  if (!(path in EMBEDDED)) return
  expect(EMBEDDED[path]).toEqual(setting === 'messageDelayLevel' ? parseDelayLevels(expected as string) : expected)
}

export const handlers: Handlers = { defaults: checkDefault }
