// The JSON bodies of requests and answers, family by family.
export {
  decodeAssignmentQuery,
  decodeAssignments,
  encodeAssignmentQuery,
  encodeAssignments,
} from './assignment-bodies.ts'
export type { Assignment, AssignmentQuery } from './assignment-bodies.ts'
export { decodeClientCheck, encodeClientCheck } from './client-check-body.ts'
export type { ClientCheck } from './client-check-body.ts'
export { decodeConsumedDirectly, encodeConsumedDirectly } from './consume-directly-body.ts'
export type { ConsumedDirectly, ConsumeResult } from './consume-directly-body.ts'
export {
  decodeConsumerIds,
  decodeGroupConfig,
  encodeConsumerIds,
  encodeGroupConfig,
  GROUP_DEFAULTS,
} from './group-bodies.ts'
export type { GroupConfig, RetryPolicy } from './group-bodies.ts'
export { decodeGroupConnections, encodeGroupConnections } from './group-connections-body.ts'
export type { GroupConnection, GroupConnections } from './group-connections-body.ts'
export { decodeHeartbeat, encodeHeartbeat } from './heartbeat-body.ts'
export type { ConsumerData, HeartbeatData } from './heartbeat-body.ts'
export { decodeLockedQueues, decodeLockRequest, encodeLockedQueues, encodeLockRequest } from './lock-bodies.ts'
export type { LockRequest } from './lock-bodies.ts'
export { decodeRequestModeBody, encodeRequestModeBody } from './request-mode-body.ts'
export type { RequestModeBody } from './request-mode-body.ts'
export {
  decodeConsumerStatus,
  decodeConsumeStats,
  decodeOffsetFile,
  decodeResetOffsets,
  encodeConsumerStatus,
  encodeConsumeStats,
  encodeOffsetFile,
  encodeResetOffsets,
} from './offset-bodies.ts'
export type { ConsumerStatus, ConsumeStats, QueueLag } from './offset-bodies.ts'
export type { QueueOffset } from './queue-json.ts'
export { decodeClusterInfo, decodeTopicRoute, encodeClusterInfo, encodeTopicRoute, MAX_QUEUES } from './route-bodies.ts'
export type { BrokerData, ClusterInfo, QueueData, StaticQueues, TopicRoute } from './route-bodies.ts'
export { decodeRunningInfo, encodeRunningInfo } from './running-info-body.ts'
export type { RunningInfo, RunningQueue, TopicRates } from './running-info-body.ts'
