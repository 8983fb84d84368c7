// The JSON bodies of requests and answers, family by family.
export {
  decodeConsumerIds,
  decodeGroupConfig,
  encodeConsumerIds,
  encodeGroupConfig,
  GROUP_DEFAULTS,
} from './group-bodies.ts'
export type { GroupConfig, RetryPolicy } from './group-bodies.ts'
export { decodeHeartbeat, encodeHeartbeat } from './heartbeat-body.ts'
export type { ConsumerData, HeartbeatData } from './heartbeat-body.ts'
export { decodeClusterInfo, decodeTopicRoute, encodeClusterInfo, encodeTopicRoute, MAX_QUEUES } from './route-bodies.ts'
export type { BrokerData, ClusterInfo, QueueData, StaticQueues, TopicRoute } from './route-bodies.ts'
