import { REQUESTS } from '../../protocol/requests.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler, HandlerTable } from '../server.ts'
import { runtimeInfo, topicStats, updateAndCreateGroup, updateAndCreateTopic, viewMessage } from './admin.ts'
import { consumerIds, heartBeat, unregisterClient } from './members.ts'
import {
  earliestStoreTime,
  maxOffset,
  minOffset,
  queryConsumerOffset,
  searchOffset,
  updateConsumerOffset,
} from './offsets.ts'
import { pullMessage } from './pulls.ts'
import { sendBack } from './send-backs.ts'
import { sendMessage, sendMessageV2 } from './sends.ts'

const GET_BROKER_RUNTIME_INFO = 28
const GET_EARLIEST_MSG_STORETIME = 32
const VIEW_MESSAGE_BY_ID = 33
const GET_TOPIC_STATS_INFO = 202
const LITE_PULL_MESSAGE = 361

/** What a broker is asked by clients. A new request is one more row here and one function in a file of its family. */
export const BROKER_HANDLERS: HandlerTable<BrokerContext> = new Map<number, Handler<BrokerContext>>([
  [REQUESTS.SEND_MESSAGE.code, sendMessage],
  [REQUESTS.SEND_MESSAGE_V2.code, sendMessageV2],
  [REQUESTS.CONSUMER_SEND_MSG_BACK.code, sendBack],
  [REQUESTS.PULL_MESSAGE.code, pullMessage],
  [LITE_PULL_MESSAGE, pullMessage],
  [REQUESTS.QUERY_CONSUMER_OFFSET.code, queryConsumerOffset],
  [REQUESTS.UPDATE_CONSUMER_OFFSET.code, updateConsumerOffset],
  [REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.code, searchOffset],
  [REQUESTS.GET_MAX_OFFSET.code, maxOffset],
  [REQUESTS.GET_MIN_OFFSET.code, minOffset],
  [GET_EARLIEST_MSG_STORETIME, earliestStoreTime],
  [VIEW_MESSAGE_BY_ID, viewMessage],
  [REQUESTS.HEART_BEAT.code, heartBeat],
  [REQUESTS.UNREGISTER_CLIENT.code, unregisterClient],
  [REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code, consumerIds],
  [REQUESTS.UPDATE_AND_CREATE_TOPIC.code, updateAndCreateTopic],
  [REQUESTS.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP.code, updateAndCreateGroup],
  [GET_TOPIC_STATS_INFO, topicStats],
  [GET_BROKER_RUNTIME_INFO, runtimeInfo],
])
