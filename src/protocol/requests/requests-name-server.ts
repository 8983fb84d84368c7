import { bool, int, int64, optional, text } from './fields.ts'
import { NOTHING, request, undescribed } from './request-row.ts'

const BROKER = { brokerName: text }
const KEY = { namespace: text, key: text }
const REGISTRATION = { ...BROKER, brokerAddr: text, clusterName: text, brokerId: int64 }

/** What clients, tools and brokers ask name servers. */
export const NAME_SERVER_REQUESTS = {
  GET_ROUTEINFO_BY_TOPIC: request(105, { topic: text, acceptStandardJsonOnly: optional(bool) }, NOTHING),
  GET_BROKER_CLUSTER_INFO: request(106, NOTHING, NOTHING),
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER: request(206, NOTHING, NOTHING),
  DELETE_TOPIC_IN_NAMESRV: request(216, { topic: text, clusterName: optional(text) }, NOTHING),
  REGISTER_TOPIC_IN_NAMESRV: undescribed(217),
  GET_TOPICS_BY_CLUSTER: request(224, { cluster: text }, NOTHING),
  GET_SYSTEM_TOPIC_LIST_FROM_NS: request(304, NOTHING, NOTHING),
  GET_UNIT_TOPIC_LIST: undescribed(311),
  GET_HAS_UNIT_SUB_TOPIC_LIST: undescribed(312),
  GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: undescribed(313),
  UPDATE_NAMESRV_CONFIG: request(318, NOTHING, NOTHING),
  GET_NAMESRV_CONFIG: request(319, NOTHING, NOTHING),

  PUT_KV_CONFIG: request(100, { ...KEY, value: text }, NOTHING),
  GET_KV_CONFIG: request(101, KEY, { value: optional(text) }),
  DELETE_KV_CONFIG: request(102, KEY, NOTHING),
  GET_KVLIST_BY_NAMESPACE: request(219, { namespace: text }, NOTHING),

  REGISTER_BROKER: request(
    103,
    {
      ...REGISTRATION,
      haServerAddr: text,
      heartbeatTimeoutMillis: optional(int64),
      enableActingMaster: optional(bool),
      compressed: optional(bool),
      bodyCrc32: optional(int),
    },
    { haServerAddr: optional(text), masterAddr: optional(text) },
  ),
  UNREGISTER_BROKER: request(104, REGISTRATION, NOTHING),
  WIPE_WRITE_PERM_OF_BROKER: request(205, BROKER, { wipeTopicCount: int }),
  ADD_WRITE_PERM_OF_BROKER: request(327, BROKER, { addTopicCount: int }),
  QUERY_DATA_VERSION: undescribed(322),
} as const
