import { readHeader } from '../../protocol/requests/fields.ts'
import { encodeOffsetId } from '../../protocol/messages/message-id.ts'
import { isWriteable } from '../../protocol/permissions.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { readStoredMessages } from '../../protocol/messages/stored-message.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'
import { placeMessage, storePlaced } from '../storing.ts'
import { CLIENT_SETS_RETRIES_SINCE } from './sends.ts'

/** The level of the first retry; each further one waits a level longer. */
const FIRST_RETRY_LEVEL = 3

/** A consumer could not handle a message: a copy comes back to its group after a while, or becomes a dead letter. */
export const sendBack: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.CONSUMER_SEND_MSG_BACK.asks, request.fields)
  const group = context.groups.get(header.group)
  if (group === undefined) {
    return failure(request, RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${header.group}" does not exist`)
  }
  if (group.retryQueueNums <= 0) return success(request)
  const retryTopic = context.topics.retryTopic(header.group, group.retryQueueNums)
  if (!isWriteable(retryTopic.perm)) {
    return failure(request, RESPONSE.NO_PERMISSION, `topic "${retryTopic.name}" is not writable`)
  }
  const record = context.log.at(header.offset)
  const message = record && readStoredMessages(record.bytes).messages[0]
  if (message === undefined) {
    return failure(request, RESPONSE.SYSTEM_ERROR, `no message begins at physical offset ${header.offset.toString()}`)
  }

  const own = request.version >= CLIENT_SETS_RETRIES_SINCE ? header.maxReconsumeTimes : undefined
  const isDead = message.reconsumeTimes >= (own ?? group.retryMaxTimes) || header.delayLevel < 0
  const topic = isDead ? context.topics.deadLetterTopic(header.group) : retryTopic
  const level = header.delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : header.delayLevel
  const placement = placeMessage(context, {
    topic: topic.name,
    queueId: isDead ? 0 : context.random(group.retryQueueNums),
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: message.bornHost,
    reconsumeTimes: message.reconsumeTimes + 1,
    storedBody: message.storedBody,
    properties: {
      [PROPERTY.RETRY_TOPIC]: message.topic,
      [PROPERTY.ORIGIN_MESSAGE_ID]: encodeOffsetId(message.storeHost, message.physicalOffset),
      ...message.properties,
      [PROPERTY.WAIT]: 'false',
      [PROPERTY.DELAY]: String(isDead ? 0 : level),
    },
  })
  storePlaced(context, placement)
  return success(request)
}
