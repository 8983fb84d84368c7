import { text } from './fields.ts'
import { NOTHING, request, undescribed } from './request-row.ts'

/** What servers say to each other: brokers, their replicas, and the controllers that elect masters. No client does. */
export const CONTROLLER_REQUESTS = {
  GET_BROKER_MEMBER_GROUP: request(901, { clusterName: text, brokerName: text }, NOTHING),
  ADD_BROKER: undescribed(902),
  REMOVE_BROKER: undescribed(903),
  BROKER_HEARTBEAT: undescribed(904),
  NOTIFY_MIN_BROKER_ID_CHANGE: undescribed(905),
  EXCHANGE_BROKER_HA_INFO: undescribed(906),
  GET_BROKER_HA_STATUS: undescribed(907),
  RESET_MASTER_FLUSH_OFFSET: undescribed(908),

  CONTROLLER_ALTER_SYNC_STATE_SET: undescribed(1001),
  CONTROLLER_ELECT_MASTER: undescribed(1002),
  CONTROLLER_REGISTER_BROKER: undescribed(1003),
  CONTROLLER_GET_REPLICA_INFO: undescribed(1004),
  CONTROLLER_GET_METADATA_INFO: undescribed(1005),
  CONTROLLER_GET_SYNC_STATE_DATA: undescribed(1006),
  GET_BROKER_EPOCH_CACHE: undescribed(1007),
  NOTIFY_BROKER_ROLE_CHANGED: undescribed(1008),
  UPDATE_CONTROLLER_CONFIG: undescribed(1009),
  GET_CONTROLLER_CONFIG: undescribed(1010),
  CLEAN_BROKER_DATA: undescribed(1011),
  CONTROLLER_GET_NEXT_BROKER_ID: undescribed(1012),
  CONTROLLER_APPLY_BROKER_ID: undescribed(1013),
  BROKER_CLOSE_CHANNEL_REQUEST: undescribed(1014),
  CHECK_NOT_ACTIVE_BROKER_REQUEST: undescribed(1015),
  GET_BROKER_LIVE_INFO_REQUEST: undescribed(1016),
  GET_SYNC_STATE_DATA_REQUEST: undescribed(1017),
  RAFT_BROKER_HEART_BEAT_EVENT_REQUEST: undescribed(1018),
} as const
