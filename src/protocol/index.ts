// The Remoting protocol without sockets: pure functions between bytes and values. No name is exported by accident.

// frames
export { cutFrames, LENGTH_BYTES, MAX_READ_FRAME_BYTES, MAX_WRITE_FRAME_BYTES, NOTHING } from './cut-frames.ts'
export type { Carry, Cut } from './cut-frames.ts'
export { decodeFrame, encodeFrame } from './frame-codec.ts'
export type { Serialization } from './frame-codec.ts'
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
} from './frame.ts'
export type { Fields, Frame, RequestParts } from './frame.ts'
export type { Language } from './languages.ts'
export { readInt64, toLong, writeInt64 } from './int64.ts'

// requests and answers
export { readHeader, writeHeader } from './fields.ts'
export type { Field, HeaderFields, HeaderOf } from './fields.ts'
export { REQUESTS } from './requests.ts'
export type { RequestRow } from './requests.ts'
export { isRetriableResponse, RESPONSE, responseName } from './responses.ts'

// JSON bodies
export {
  decodeClusterInfo,
  decodeConsumerIds,
  decodeGroupConfig,
  decodeHeartbeat,
  decodeTopicRoute,
  encodeClusterInfo,
  encodeConsumerIds,
  encodeGroupConfig,
  encodeHeartbeat,
  encodeTopicRoute,
  GROUP_DEFAULTS,
} from './bodies.ts'
export type {
  BrokerData,
  ClusterInfo,
  ConsumerData,
  GroupConfig,
  HeartbeatData,
  QueueData,
  RetryPolicy,
  StaticQueues,
  TopicRoute,
} from './bodies.ts'
export { isJsonObject, isJsonTable, readLenientJson } from './lenient-json.ts'
export type { JsonObject, JsonTable, JsonValue } from './lenient-json.ts'
export { compareQueues, isOrderTopic, masterOf, PERM, publishQueues, subscribeQueues } from './routes.ts'
export type { MessageQueue } from './routes.ts'

// messages
export { encodeStoredMessage } from './encode-stored-message.ts'
export type { StoredMessageFields } from './encode-stored-message.ts'
export { messageBody, messageId, readStoredMessages, sysFlagAfterDecoding, unwrapInnerBatch } from './stored-message.ts'
export type { StoredMessage, StoredMessages } from './stored-message.ts'
export { checkBatch, decodeBatchBody, encodeBatchBody } from './client-batch.ts'
export type { BatchCandidate, BatchMember } from './client-batch.ts'
export { decompressBody, deflateBody } from './compress.ts'
export { bodyCrc, javaHash, queueIndexByHash, tagCode } from './hashes.ts'
export { ipFromBytes, ipToBytes } from './hosts.ts'
export type { Host } from './hosts.ts'
export { createUniqueIds, decodeOffsetId, encodeOffsetId, monthStart } from './message-id.ts'
export type { UniqueIdSource } from './message-id.ts'
export { deleteProperty, PROPERTY, readProperties, RESERVED_PROPERTIES, writeProperties } from './properties.ts'
export { compressionOf, MESSAGE_FLAG, PULL_FLAG, transactionOf } from './sys-flags.ts'
export type { Compression, TransactionState } from './sys-flags.ts'

// names and subscriptions
export { parseAttributes } from './attributes.ts'
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
