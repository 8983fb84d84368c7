import { REQUESTS } from '../../protocol/requests/requests.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler, HandlerTable } from '../server.ts'
import { runtimeInfo, topicConfig, topicStats, updateAndCreateGroup, updateAndCreateTopic } from './admin.ts'
import { queryAssignment } from './assignments.ts'
import { consumerConnections, consumeStats } from './group-infos.ts'
import { lockQueues, unlockQueues } from './locks.ts'
import { queryMessages, viewMessage } from './lookups.ts'
import { askConsumerStatus, consumeDirectly, relayToMember } from './member-questions.ts'
import { checkClient, consumerIds, heartBeat, unregisterClient } from './members.ts'
import {
  earliestStoreTime,
  maxOffset,
  minOffset,
  queryConsumerOffset,
  searchOffset,
  updateConsumerOffset,
} from './offsets.ts'
import { ackMessage, batchAckMessage, changeInvisibleTime } from './pop-acks.ts'
import { notification, pollingInfo } from './pop-notices.ts'
import { peekMessage, popMessage } from './pops.ts'
import { pullMessage } from './pulls.ts'
import { recallMessage } from './recalls.ts'
import { sendReply, sendReplyV2 } from './replies.ts'
import { resetOffsets } from './resets.ts'
import { sendBack } from './send-backs.ts'
import { setRequestMode } from './request-modes.ts'
import { sendMessage, sendMessageV2 } from './sends.ts'
import { endTransaction } from './transactions.ts'

/** What a broker is asked by clients. A new request is one more row here and one function in a file of its family. */
export const BROKER_HANDLERS: HandlerTable<BrokerContext> = new Map<number, Handler<BrokerContext>>([
  [REQUESTS.SEND_MESSAGE.code, sendMessage],
  [REQUESTS.SEND_MESSAGE_V2.code, sendMessageV2],
  [REQUESTS.SEND_BATCH_MESSAGE.code, sendMessageV2],
  [REQUESTS.END_TRANSACTION.code, endTransaction],
  [REQUESTS.SEND_REPLY_MESSAGE.code, sendReply],
  [REQUESTS.SEND_REPLY_MESSAGE_V2.code, sendReplyV2],
  [REQUESTS.RECALL_MESSAGE.code, recallMessage],
  [REQUESTS.CONSUMER_SEND_MSG_BACK.code, sendBack],
  [REQUESTS.PULL_MESSAGE.code, pullMessage],
  [REQUESTS.LITE_PULL_MESSAGE.code, pullMessage],
  [REQUESTS.POP_MESSAGE.code, popMessage],
  [REQUESTS.PEEK_MESSAGE.code, peekMessage],
  [REQUESTS.ACK_MESSAGE.code, ackMessage],
  [REQUESTS.BATCH_ACK_MESSAGE.code, batchAckMessage],
  [REQUESTS.CHANGE_MESSAGE_INVISIBLETIME.code, changeInvisibleTime],
  [REQUESTS.NOTIFICATION.code, notification],
  [REQUESTS.POLLING_INFO.code, pollingInfo],
  [REQUESTS.QUERY_CONSUMER_OFFSET.code, queryConsumerOffset],
  [REQUESTS.UPDATE_CONSUMER_OFFSET.code, updateConsumerOffset],
  [REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.code, searchOffset],
  [REQUESTS.GET_MAX_OFFSET.code, maxOffset],
  [REQUESTS.GET_MIN_OFFSET.code, minOffset],
  [REQUESTS.GET_EARLIEST_MSG_STORETIME.code, earliestStoreTime],
  [REQUESTS.QUERY_MESSAGE.code, queryMessages],
  [REQUESTS.VIEW_MESSAGE_BY_ID.code, viewMessage],
  [REQUESTS.HEART_BEAT.code, heartBeat],
  [REQUESTS.UNREGISTER_CLIENT.code, unregisterClient],
  [REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code, consumerIds],
  [REQUESTS.CHECK_CLIENT_CONFIG.code, checkClient],
  [REQUESTS.QUERY_ASSIGNMENT.code, queryAssignment],
  [REQUESTS.SET_MESSAGE_REQUEST_MODE.code, setRequestMode],
  [REQUESTS.LOCK_BATCH_MQ.code, lockQueues],
  [REQUESTS.UNLOCK_BATCH_MQ.code, unlockQueues],
  [REQUESTS.UPDATE_AND_CREATE_TOPIC.code, updateAndCreateTopic],
  [REQUESTS.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP.code, updateAndCreateGroup],
  [REQUESTS.GET_TOPIC_CONFIG.code, topicConfig],
  [REQUESTS.GET_TOPIC_STATS_INFO.code, topicStats],
  [REQUESTS.GET_BROKER_RUNTIME_INFO.code, runtimeInfo],
  [REQUESTS.GET_CONSUMER_CONNECTION_LIST.code, consumerConnections],
  [REQUESTS.GET_CONSUME_STATS.code, consumeStats],
  [REQUESTS.INVOKE_BROKER_TO_RESET_OFFSET.code, resetOffsets],
  [REQUESTS.INVOKE_BROKER_TO_GET_CONSUMER_STATUS.code, askConsumerStatus],
  [REQUESTS.GET_CONSUMER_RUNNING_INFO.code, relayToMember],
  [REQUESTS.CONSUME_MESSAGE_DIRECTLY.code, consumeDirectly],
])
