export { createClient, withClient } from './create-client.ts'
export type { Client } from './create-client.ts'
export { disposable } from './disposable.ts'
export { isRocketError, RocketError } from './errors.ts'
export type { Attempt, ErrorCode, PartialOutcome, RocketErrorDetails, Sent as SentState } from './errors.ts'

export { codecs } from './messages/codecs.ts'
export type { Codec, SchemaResult, StandardSchema } from './messages/codecs.ts'
export { message } from './messages/message.ts'
export type { Inbound, MessageOptions, Outbound } from './messages/message.ts'
export { compareOffsets, Long, queueKey } from './messages/offsets.ts'
export type { OffsetLike, QueueRef } from './messages/offsets.ts'
export { on, topic } from './messages/topic.ts'
export type { SubscriptionSpec, Topic } from './messages/topic.ts'

export { TIMING_DEFAULTS } from './client/config.ts'
export type { ClientConfig, Timing } from './client/config.ts'
export type { ClientState } from './client/client-state.ts'
export type { ConnectionInfo } from './client/connection-infos.ts'
export { CONNECTION_DEFAULTS } from './client/connection-options.ts'
export type { ConnectionOptions } from './client/connection-options.ts'
export { configFromEnv } from './client/from-env.ts'
export type { Env } from './client/from-env.ts'
export { PRESETS } from './client/presets.ts'
export type { Runtime } from './client/runtime.ts'
export type { CloseReport } from './client/shared-client.ts'
export type { ConnectionStats, Stats } from './client/stats.ts'
export { availableCompressions } from './protocol/compress.ts'
export type { CompressionType, Compressor } from './protocol/compress.ts'
export type { BrokerData, ClusterInfo, TopicRoute } from './protocol/bodies.ts'
export type { NameServers } from './nameserver/discovery.ts'
export type { RouteState } from './nameserver/route-state.ts'
export type { ClientEvent, ConnectionRole, ConnectionState, ReportedEvent } from './observability/events.ts'
export type { Logger } from './observability/logger.ts'
export type { Connection, Counters, Transport } from './remoting/connection.ts'

export { PRODUCER_DEFAULTS } from './producer/options.ts'
export type {
  BatchSplit,
  CompressionChoice,
  ProducerOptions,
  ProducerSettings,
  RetryPolicy,
  Selection,
} from './producer/options.ts'
export type { BatchDoors, OnewayOptions } from './producer/batch-doors.ts'
export type { Producer } from './producer/producer.ts'
export type { SendOptions } from './producer/send-options.ts'
export type { OnewayReceipt } from './producer/write-oneway.ts'
export type { GatherOptions } from './producer/gather.ts'
export type { DeadLetter, OnFailure, OnSendError } from './producer/on-send-error.ts'
export type { SendStreamOptions } from './producer/send-all.ts'
export type { NotSent, SendOutcome, Sent } from './producer/send-outcome.ts'
export type { Requirement, SendResult, SendStatus } from './producer/send-result.ts'
export type { Pressure } from './producer/send-slots.ts'
export type { OpenTransaction } from './producer/open-transactions.ts'
export type { AnsweredCheck } from './producer/transaction-checks.ts'
export type {
  CheckTransaction,
  Decision,
  TransactionalOptions,
  TransactionCheck,
} from './producer/transaction-options.ts'
export type { TransactionStats } from './producer/transaction-stats.ts'
export type { HalfResult, LocalPart, TransactionOutcome } from './producer/transaction.ts'
export type { TransactionalProducer, TransactionSendOptions } from './producer/transactional-producer.ts'

export type { Assignments, Consumer, ConsumerFailure } from './consumer/consumer.ts'
export type { Delivery, DeliveryFrom, RetryOptions, Settlement } from './consumer/delivery.ts'
export type { QueueProgress } from './consumer/queue-progress.ts'
export { FLOW_DEFAULTS } from './consumer/options.ts'
export type { ConsumerOptions, FlowLimits, OnDecodeError, StartFrom } from './consumer/options.ts'
export type { ErrorPolicy, Handler, Processed, ProcessOptions } from './consumer/process.ts'

export { boundedMap } from './operators/bounded-map.ts'
export type { BoundedMapOptions, Load } from './operators/bounded-map.ts'
export type { WaitingLimits } from './operators/admission.ts'
