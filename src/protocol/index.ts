// The Remoting protocol without sockets: pure functions between bytes and values. No name is exported by accident.

// frames
export { cutFrames, LENGTH_BYTES, MAX_READ_FRAME_BYTES, MAX_WRITE_FRAME_BYTES, NOTHING } from './frames/cut-frames.ts'
export type { Carry, Cut } from './frames/cut-frames.ts'
export { decodeFrame, encodeFrame } from './frames/frame-codec.ts'
export type { Serialization } from './frames/frame-codec.ts'
export {
  DEFAULT_LANGUAGE,
  isOneway,
  isRequest,
  isResponse,
  NO_BODY,
  NO_FIELDS,
  onewayFrame,
  PROTOCOL_VERSION,
  requestFrame,
  responseFrame,
} from './frames/frame.ts'
export type { Fields, Frame, RequestParts } from './frames/frame.ts'
export { languageCode, languageOfCode, languageOfName } from './frames/languages.ts'
export type { Language } from './frames/languages.ts'
export { HIGHER_VERSION, versionName, versionOrdinal, VERSIONS } from './versions.ts'
export { readInt64, toLong, writeInt64 } from './int64.ts'

// requests and answers
export { readHeader, writeHeader } from './requests/fields.ts'
export type { Field, HeaderFields, HeaderOf } from './requests/fields.ts'
export { UNDESCRIBED } from './requests/request-row.ts'
export { requestName, REQUESTS } from './requests/requests.ts'
export type { RequestRow } from './requests/requests.ts'
export { isRetriableResponse, RESPONSE, RESPONSE_BEFORE_5, responseName } from './responses.ts'

// JSON bodies
export {
  decodeClusterInfo,
  decodeConsumerIds,
  decodeGroupConfig,
  decodeHeartbeat,
  decodeRequestModeBody,
  decodeTopicRoute,
  encodeClusterInfo,
  encodeConsumerIds,
  encodeGroupConfig,
  encodeHeartbeat,
  encodeRequestModeBody,
  encodeTopicRoute,
  GROUP_DEFAULTS,
} from './bodies/bodies.ts'
export type {
  BrokerData,
  ClusterInfo,
  ConsumerData,
  GroupConfig,
  HeartbeatData,
  QueueData,
  RequestModeBody,
  RetryPolicy,
  StaticQueues,
  TopicRoute,
} from './bodies/bodies.ts'
export { isJsonObject, isJsonTable, readLenientJson } from './lenient-json.ts'
export type { JsonObject, JsonTable, JsonValue } from './lenient-json.ts'
export { isInherited, isReadable, isValidPerm, isWriteable, PERM, permText } from './permissions.ts'
export { compareQueues, isOrderTopic, masterOf, publishQueues, subscribeQueues } from './bodies/routes.ts'
export type { MessageQueue } from './bodies/routes.ts'

// messages
export { encodeStoredMessage } from './messages/encode-stored-message.ts'
export type { StoredMessageFields } from './messages/encode-stored-message.ts'
export {
  messageBody,
  messageId,
  readStoredMessages,
  sysFlagAfterDecoding,
  unwrapInnerBatch,
} from './messages/stored-message.ts'
export type { StoredMessage, StoredMessages } from './messages/stored-message.ts'
export { checkBatch, decodeBatchBody, encodeBatchBody } from './messages/client-batch.ts'
export type { BatchCandidate, BatchMember } from './messages/client-batch.ts'
export {
  availableCompressions,
  compressBody,
  compressionFlags,
  compressorFor,
  decompressBody,
  deflateBody,
} from './compression/compress.ts'
export type { CompressionType, Compressor } from './compression/compress.ts'
export { bodyCrc, javaHash, queueIndexByHash, tagCode } from './hashes.ts'
export type { HashKey } from './hashes.ts'
export { ipFromBytes, ipToBytes } from './hosts.ts'
export type { Host } from './hosts.ts'
export { createUniqueIds, decodeOffsetId, encodeOffsetId, monthStart } from './messages/message-id.ts'
export type { UniqueIdSource } from './messages/message-id.ts'
export {
  deleteProperty,
  PROPERTY,
  readProperties,
  RESERVED_PROPERTIES,
  writeProperties,
} from './messages/properties.ts'
export {
  compressionOf,
  MESSAGE_FLAG,
  PULL_FLAG,
  pullFlags,
  transactionOf,
  withoutCommitOffset,
  withoutCompression,
  withTransaction,
} from './sys-flags.ts'
export type { Compression, PullSwitches, TransactionState } from './sys-flags.ts'

// popped messages and recalled ones
export { decodeBatchAckBody, encodeBatchAckBody } from './pop/batch-ack-body.ts'
export type { BatchAck, BatchAckBody } from './pop/batch-ack-body.ts'
export { batchAcksOf } from './pop/batch-acks.ts'
export { decodeBitSet, encodeBitSet } from './pop/bit-set.ts'
export { decodePopCheckPoint, encodePopCheckPoint, ORDERED_REVIVE_QUEUE } from './pop/pop-check-point.ts'
export type { PopCheckPoint } from './pop/pop-check-point.ts'
export {
  decodeMessageOffsets,
  decodeOrderCounts,
  decodeStartOffsets,
  encodeMessageOffsets,
  encodeOrderCounts,
  encodeStartOffsets,
  offsetInfoKey,
  queueInfoKey,
} from './pop/pop-infos.ts'
export type { OrderCount, QueueMessages, QueueStart } from './pop/pop-infos.ts'
export {
  groupOfRetryTopic,
  isPopRetryTopicV2,
  partsOfPopRetryV2,
  pollingKey,
  popRetryTopicV1,
  popRetryTopicV2,
  storedTopicOf,
  TOPIC_MARK,
  topicMarkOf,
  topicOfPopRetry,
} from './pop/pop-retry-topic.ts'
export { poppedMessages } from './pop/popped-messages.ts'
export type { PopAnswer, PopHandle, PoppedMessage } from './pop/popped-messages.ts'
export { decodeReceiptHandle, encodeReceiptHandle, isRetried, nextVisibleTime } from './pop/receipt-handle.ts'
export type { ReceiptHandle } from './pop/receipt-handle.ts'
export { decodeRecallHandle, encodeRecallHandle } from './recall-handle.ts'
export type { RecallHandle } from './recall-handle.ts'

// waiting times, and what the official side does by default
export { consumeTimestamp, parseConsumeTimestamp } from './consume-timestamp.ts'
export { DEFAULT_DELAY_LEVELS, parseDelayLevels } from './delay-levels.ts'
export {
  OFFICIAL_CONNECTION_DEFAULTS,
  OFFICIAL_LATENCY_DEFAULTS,
  OFFICIAL_LITE_PULL_CONSUMER_DEFAULTS,
  OFFICIAL_PRODUCER_DEFAULTS,
  OFFICIAL_PUSH_CONSUMER_DEFAULTS,
} from './official-client-defaults.ts'
export { retryDelayMs } from './bodies/retry-policies.ts'
export { BROKER_DEFAULTS, NAME_SERVER_DEFAULTS, SERVER_CONNECTION_DEFAULTS, STORE_DEFAULTS } from './server-defaults.ts'

// access control and traces
export { signed, verifySignature } from './acl-signature.ts'
export type { AclCredentials, SignatureVerdict } from './acl-signature.ts'
export { decodeTraceRecords, encodeTraceRecords, traceKeys } from './bodies/message-trace.ts'
export type {
  EndTransactionTrace,
  PubTrace,
  RecallTrace,
  SubAfterTrace,
  SubBeforeTrace,
  TraceMessageType,
  TraceOutcome,
  TraceRecord,
} from './bodies/message-trace.ts'

// names and subscriptions
export { parseAttributes } from './frames/attributes.ts'
export {
  checkGroup,
  checkTopic,
  deadLetterTopicOf,
  FORBIDDEN_TOPICS,
  isDeadLetterTopic,
  isRetryTopic,
  isSystemTopic,
  namespaceOf,
  retryTopicOf,
  withNamespace,
  withoutNamespace,
} from './names.ts'
export { matchesTag, matchesTagCode, sqlSubscription, tagSubscription } from './subscription.ts'
export type { SubscriptionData } from './subscription.ts'
