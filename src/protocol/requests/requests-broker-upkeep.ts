import { text, optional } from './fields.ts'
import { NOTHING, request, undescribed } from './request-row.ts'

/** Settings, statistics and housekeeping of a broker. */
export const BROKER_UPKEEP_REQUESTS = {
  /** The body is the text of a Java properties file, as is that of the answer to GET_BROKER_CONFIG. */
  UPDATE_BROKER_CONFIG: request(25, NOTHING, NOTHING),
  GET_BROKER_CONFIG: request(26, NOTHING, { version: text }),
  GET_BROKER_RUNTIME_INFO: request(28, NOTHING, NOTHING),
  GET_TIMER_CHECK_POINT: undescribed(60),
  GET_TIMER_METRICS: undescribed(61),
  CLEAN_EXPIRED_CONSUMEQUEUE: undescribed(306),
  VIEW_BROKER_STATS_DATA: request(315, { statsName: text, statsKey: text }, NOTHING),
  DELETE_EXPIRED_COMMITLOG: undescribed(329),
  CHECK_ROCKSDB_CQ_WRITE_PROGRESS: undescribed(354),
  EXPORT_ROCKSDB_CONFIG_TO_JSON: undescribed(355),
  UPDATE_COLD_DATA_FLOW_CTR_CONFIG: undescribed(2001),
  REMOVE_COLD_DATA_FLOW_CTR_CONFIG: undescribed(2002),
  GET_COLD_DATA_FLOW_CTR_INFO: undescribed(2003),
  SET_COMMITLOG_READ_MODE: undescribed(2004),
  /** Since 5.5. */
  SWITCH_TIMER_ENGINE: undescribed(5001),

  // reserved: no server has a handler
  TRIGGER_DELETE_FILES: undescribed(27),
} as const

const USER = { username: text }
const SUBJECT = { subject: text }

/** Who may do what: users and policies since 5.3, access keys before. */
export const ACCESS_REQUESTS = {
  AUTH_CREATE_USER: request(3001, USER, NOTHING),
  AUTH_UPDATE_USER: request(3002, USER, NOTHING),
  AUTH_DELETE_USER: request(3003, USER, NOTHING),
  AUTH_GET_USER: request(3004, USER, NOTHING),
  AUTH_LIST_USER: request(3005, { filter: optional(text) }, NOTHING),
  AUTH_CREATE_ACL: request(3006, SUBJECT, NOTHING),
  AUTH_UPDATE_ACL: request(3007, SUBJECT, NOTHING),
  AUTH_DELETE_ACL: undescribed(3008),
  AUTH_GET_ACL: undescribed(3009),
  AUTH_LIST_ACL: undescribed(3010),

  // gone with 5.3
  UPDATE_AND_CREATE_ACL_CONFIG: undescribed(50),
  DELETE_ACL_CONFIG: undescribed(51),
  GET_BROKER_CLUSTER_ACL_INFO: undescribed(52),
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: undescribed(53),
  GET_BROKER_CLUSTER_ACL_CONFIG: undescribed(54),
} as const
