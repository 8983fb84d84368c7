export { createClient, withClient } from './create-client.ts'
export type { Client } from './create-client.ts'
export { disposable } from './disposable.ts'
export { isRocketError, RocketError } from './errors.ts'
export type { Attempt, ErrorCode, PartialOutcome, RocketErrorDetails, Sent as SentState } from './errors.ts'

export { codecs } from './messages/codecs.ts'
export type { Codec, SchemaResult, StandardSchema } from './messages/codecs.ts'
export { message } from './messages/message.ts'
export type { DeliveryTime, Inbound, MessageOptions, Outbound } from './messages/message.ts'
export { compareOffsets, Long, queueKey } from './messages/offsets.ts'
export type { OffsetLike, QueueRef } from './messages/offsets.ts'
export { topic } from './messages/topic.ts'
export type { MessageFilter, SubscriptionSpec, Topic } from './messages/topic.ts'

export { TIMING_DEFAULTS } from './client/config.ts'
export type { ClientConfig, HeartbeatMode, Timing } from './client/config.ts'
export type { ClientState } from './client/client-state.ts'
export type { ConnectionInfo } from './client/connection-infos.ts'
export { CONNECTION_DEFAULTS } from './client/connection-options.ts'
export type { ConnectionOptions } from './client/connection-options.ts'
export { configFromEnv } from './client/from-env.ts'
export type { Env } from './client/env-values.ts'
export { HEALTH_DEFAULTS } from './client/health-options.ts'
export type { HealthOptions } from './client/health-options.ts'
export type { BrokerHealth, Rank } from './client/broker-health.ts'
export type { HealthState, HeartbeatFailure } from './client/standing.ts'
export type { HeartbeatCounts } from './client/heartbeat.ts'
export { createRouteCoordinator } from './client/route-coordinator.ts'
export type { BrokerOutcome, RouteCoordinator } from './client/route-coordinator.ts'
export { topicCoordinator } from './coordination/topic-coordinator.ts'
export type { TopicCoordinator } from './coordination/topic-coordinator.ts'
export type { TopicCoordinatorOptions } from './coordination/coordinator-options.ts'
export { PRESETS } from './client/presets.ts'
export type { Runtime } from './client/runtime.ts'
export type { CloseReport } from './client/shared-client.ts'
export type { ConnectionStats, Stats } from './client/stats.ts'
export { TRACE_DEFAULTS } from './client/trace-options.ts'
export type { TraceOptions, TraceSettings } from './client/trace-options.ts'
export { availableCompressions } from './protocol/compression/compress.ts'
export type { CompressionType, Compressor } from './protocol/compression/compress.ts'
export type { BrokerData, ClusterInfo, TopicRoute } from './protocol/bodies/bodies.ts'
export type { NameServers } from './nameserver/discovery.ts'
export type { RouteCache } from './client/route-cache.ts'
export type { RouteState } from './nameserver/route-state.ts'
export type {
  AssignmentReason,
  ClientEvent,
  ConnectionRole,
  ConnectionState,
  ReportedEvent,
} from './observability/events.ts'
export type { Latency } from './observability/latency-window.ts'
export type { Logger } from './observability/logger.ts'
export type { Connection, Counters, Transport } from './remoting/connection.ts'
export type { Call, CallHandler, Interceptor } from './remoting/interceptors.ts'
export { observeCalls } from './remoting/observe-calls.ts'
export type { SeenCall } from './remoting/observe-calls.ts'
export type { Ask } from './remoting/sessions.ts'
export type { Credentials, CredentialsSource } from './remoting/signing.ts'

export { producerOptionsFromEnv } from './producer/from-env.ts'
export { PRODUCER_DEFAULTS } from './producer/options.ts'
export type {
  BatchSplit,
  CompressionChoice,
  ProducerOptions,
  ProducerSettings,
  RetryPolicy,
} from './producer/options.ts'
export type { BatchDoors, OnewayOptions } from './producer/batch-doors.ts'
export type { Producer } from './producer/producer.ts'
export type { RoutingResult, Strategy } from './producer/route.ts'
export type { RouteDoor } from './producer/route-door.ts'
export type { RoutingStats } from './producer/routing-stats.ts'
export type { QueueHash, QueueSelector, Select, Selection, SelectionContext } from './producer/selection.ts'
export type { SendOptions } from './producer/send-options.ts'
export type { OnewayReceipt } from './producer/oneway-receipt.ts'
export type { GatherOptions } from './producer/gather.ts'
export type { DeadLetter, OnFailure, OnSendError } from './producer/on-send-error.ts'
export { PRODUCER_PRESETS, producerPreset } from './producer/presets.ts'
export type { ProducerStats } from './producer/producer-stats.ts'
export type { Accepted, Sending, SendInterceptor, SendKind } from './producer/send-interceptors.ts'
export type { CallOptions, ConversationDoors } from './producer/conversation-doors.ts'
export { estimateSize, validateMessage } from './producer/message-check.ts'
export type { MessageLimits } from './producer/message-check.ts'
export type { Recall, Recalled } from './producer/recall.ts'
export { replyWith } from './producer/reply-with.ts'
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
export type { TransactionState, TransactionStep } from './producer/transaction-steps.ts'
export type { TransactionStats } from './producer/transaction-stats.ts'
export type { HalfResult, LocalPart, TransactionOutcome } from './producer/transaction.ts'
export type { TransactionalProducer, TransactionSendOptions } from './producer/transactional-producer.ts'
export type { WarmUp } from './producer/warmup.ts'

export { acking } from './consumer/queues/acking.ts'
export type { Assignments, Consumer, ConsumerFailure, SeekTo, SoughtQueue } from './consumer/consumer.ts'
export type { FetchDoor, FetchOptions } from './consumer/pull/fetch-options.ts'
export type { Allocate } from './consumer/allocation/allocate.ts'
export type {
  AllocateOption,
  ByConfig,
  ByConsistentHash,
  ByMachineRoom,
  ByNearness,
} from './consumer/allocation/allocate-option.ts'
export type { Rooms } from './consumer/allocation/nearby.ts'
export type { ConsumeRates, ConsumeStats, RecentRates } from './consumer/group/consume-stats.ts'
export type { Delivery, DeliveryFrom, Settlement } from './consumer/queues/delivery.ts'
export { fileOffsets } from './consumer/offsets/file-offsets.ts'
export type { FileOffsetsOptions } from './consumer/offsets/file-offsets.ts'
export { on } from './consumer/subscriptions/on.ts'
export { memoryOffsets } from './consumer/offsets/memory-offsets.ts'
export type { OffsetMetrics } from './consumer/offsets/offset-cache.ts'
export type { KeptOffset, OffsetOwner, Offsets, OffsetStore } from './consumer/offsets/offset-store.ts'
export type { ExplainDoor, Explanation, Reason } from './consumer/queues/explained.ts'
export type { QueueProgress } from './consumer/queues/queue-progress.ts'
export { consumerOptionsFromEnv, processOptionsFromEnv } from './consumer/from-env.ts'
export { CONSUMER_PRESETS, consumerPreset, PROCESS_PRESETS } from './consumer/presets.ts'
export { CONSUMER_DEFAULTS, FLOW_DEFAULTS } from './consumer/options.ts'
export type { ConsumerOptions, FlowLimits, MessageModel, OnDecodeError, StartFrom } from './consumer/options.ts'
export type { InboundFrom, PullConsumer, QueueOffset } from './consumer/pull/pull-consumer.ts'
export type { PullOptions, PullResult } from './consumer/queues/pull-once.ts'
export type { QueueDoors } from './consumer/queues/queue-doors.ts'
export type { PullConsumerOptions } from './consumer/pull/pull-options.ts'
export type { BatchHandler, Handler, Processed } from './consumer/queues/handler.ts'
export type {
  ErrorPolicy,
  ProcessBatchOptions,
  ProcessOptions,
  SuspendFor,
} from './consumer/handling/process-options.ts'
export type { FullLimit } from './consumer/queues/budget.ts'
export type { Trouble } from './consumer/queues/trouble.ts'
export type { WaitedFor } from './consumer/queues/waiting-words.ts'
export type { RetryOptions } from './consumer/queues/retry-delay.ts'
export type { ReceiveOptions } from './consumer/handling/receive-options.ts'
export type { QueueStream } from './consumer/handling/queue-stream.ts'
export type { SubscriptionConflict } from './consumer/subscriptions/subscription-conflicts.ts'
export type { SubscriptionEntry } from './consumer/subscriptions/subscription-entry.ts'
export type { SubscriptionSet, SubscriptionSummary } from './consumer/subscriptions/subscription-set.ts'

export { boundedMap } from './operators/bounded-map.ts'
export type { BoundedMapOptions, Load } from './operators/bounded-map.ts'
export type { WaitingLimits } from './operators/admission.ts'
