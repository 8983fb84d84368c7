import { versionOrdinal } from './versions.ts'

/**
 * What the first number of an answer says (`ResponseCode` and `RemotingSysResponseCode` of the official 5.x
 * implementation, with the two of 5.5 for lite topics). See `RESPONSE_BEFORE_5` for three numbers that were others.
 */
export const RESPONSE = {
  SUCCESS: 0,
  SYSTEM_ERROR: 1,
  SYSTEM_BUSY: 2,
  REQUEST_CODE_NOT_SUPPORTED: 3,
  TRANSACTION_FAILED: 4,
  FLUSH_DISK_TIMEOUT: 10,
  SLAVE_NOT_AVAILABLE: 11,
  FLUSH_SLAVE_TIMEOUT: 12,
  MESSAGE_ILLEGAL: 13,
  SERVICE_NOT_AVAILABLE: 14,
  VERSION_NOT_SUPPORTED: 15,
  NO_PERMISSION: 16,
  TOPIC_NOT_EXIST: 17,
  TOPIC_EXIST_ALREADY: 18,
  PULL_NOT_FOUND: 19,
  PULL_RETRY_IMMEDIATELY: 20,
  PULL_OFFSET_MOVED: 21,
  QUERY_NOT_FOUND: 22,
  SUBSCRIPTION_PARSE_FAILED: 23,
  SUBSCRIPTION_NOT_EXIST: 24,
  SUBSCRIPTION_NOT_LATEST: 25,
  SUBSCRIPTION_GROUP_NOT_EXIST: 26,
  FILTER_DATA_NOT_EXIST: 27,
  FILTER_DATA_NOT_LATEST: 28,
  INVALID_PARAMETER: 29,
  TRANSACTION_SHOULD_COMMIT: 200,
  TRANSACTION_SHOULD_ROLLBACK: 201,
  TRANSACTION_STATE_UNKNOW: 202,
  TRANSACTION_STATE_GROUP_WRONG: 203,
  NO_BUYER_ID: 204,
  NOT_IN_CURRENT_UNIT: 205,
  CONSUMER_NOT_ONLINE: 206,
  CONSUME_MSG_TIMEOUT: 207,
  NO_MESSAGE: 208,
  POLLING_FULL: 209,
  POLLING_TIMEOUT: 210,
  BROKER_NOT_EXIST: 211,
  BROKER_DISPATCH_NOT_COMPLETE: 212,
  BROADCAST_CONSUMPTION: 213,
  FLOW_CONTROL: 215,
  NOT_LEADER_FOR_QUEUE: 501,
  ILLEGAL_OPERATION: 604,
  GO_AWAY: 1500,
  CONTROLLER_FENCED_MASTER_EPOCH: 2000,
  CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH: 2001,
  CONTROLLER_INVALID_MASTER: 2002,
  CONTROLLER_INVALID_REPLICAS: 2003,
  CONTROLLER_MASTER_NOT_AVAILABLE: 2004,
  CONTROLLER_INVALID_REQUEST: 2005,
  CONTROLLER_BROKER_NOT_ALIVE: 2006,
  CONTROLLER_NOT_LEADER: 2007,
  CONTROLLER_BROKER_METADATA_NOT_EXIST: 2008,
  CONTROLLER_INVALID_CLEAN_BROKER_METADATA: 2009,
  CONTROLLER_BROKER_NEED_TO_BE_REGISTERED: 2010,
  CONTROLLER_MASTER_STILL_EXIST: 2011,
  CONTROLLER_ELECT_MASTER_FAILED: 2012,
  CONTROLLER_ALTER_SYNC_STATE_SET_FAILED: 2013,
  CONTROLLER_BROKER_ID_INVALID: 2014,
  CONTROLLER_JRAFT_INTERNAL_ERROR: 2015,
  CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS: 2016,
  LMQ_QUOTA_EXCEEDED: 2017,
  LITE_SUBSCRIPTION_QUOTA_EXCEEDED: 2018,
  USER_NOT_EXIST: 3001,
  POLICY_NOT_EXIST: 3002,
  RPC_UNKNOWN: -1000,
  RPC_ADDR_IS_NULL: -1002,
  RPC_SEND_TO_CHANNEL_FAILED: -1004,
  RPC_TIME_OUT: -1006,
} as const

/** What servers of 4.x mean by numbers that 5.0 gave away again: failures of the requests 50 to 53. */
export const RESPONSE_BEFORE_5 = {
  UPDATE_AND_CREATE_ACL_CONFIG_FAILED: 209,
  DELETE_ACL_CONFIG_FAILED: 210,
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED: 211,
} as const

const namesOf = (codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(codes).map(([name, code]) => [code, name]))

const NAMES = namesOf(RESPONSE)
const NAMES_BEFORE_5 = namesOf(RESPONSE_BEFORE_5)
const FIRST_5 = versionOrdinal('V5_0_0_SNAPSHOT')

/** Name of a response code, from a server of a version (default: a 5.x); the number as text when it is unknown. */
export const responseName = (code: number, serverVersion = FIRST_5): string =>
  (serverVersion < FIRST_5 ? NAMES_BEFORE_5.get(code) : undefined) ?? NAMES.get(code) ?? String(code)

/** What the official producer tries again on another broker (`DefaultMQProducer.retryResponseCodes`, and GO_AWAY). */
const RETRIABLE: ReadonlySet<number> = new Set([
  RESPONSE.SYSTEM_ERROR,
  RESPONSE.SYSTEM_BUSY,
  RESPONSE.SERVICE_NOT_AVAILABLE,
  RESPONSE.NO_PERMISSION,
  RESPONSE.TOPIC_NOT_EXIST,
  RESPONSE.NO_BUYER_ID,
  RESPONSE.NOT_IN_CURRENT_UNIT,
  RESPONSE.GO_AWAY,
])

/** Whether a send that was answered with this code may succeed when it is sent again, to another broker if possible. */
export const isRetriableResponse = (code: number): boolean => RETRIABLE.has(code)

/**
 * Whether a server refuses who asks, and not what: code 16 since 5.3 (ACL 2.0); before that code 1, which means any failure,
 * with the name of Java's exception in its remark (ACL 1.0). Code 16 is also said of a topic that may not be written.
 */
export const isDenied = (code: number, remark = ''): boolean => {
  if (code === RESPONSE.NO_PERMISSION) return /signature|username|User:|accessKey|permission to access/i.test(remark)
  return code === RESPONSE.SYSTEM_ERROR && remark.includes('AclException')
}
