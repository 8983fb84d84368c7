import { isRocketError } from '../../errors.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { PROPERTY } from '../../protocol/messages/properties.ts'
import { decodeRecallHandle, type RecallHandle } from '../../protocol/recall-handle.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { BROKER_DEFAULTS } from '../../protocol/server-defaults.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'
import { MAX_DELAY_MS, outMsOfHandle } from '../timed.ts'

const REGION = { [PROPERTY.REGION]: BROKER_DEFAULTS.regionId }

/**
 * A message that waits for its time is not to be delivered. As with official brokers nobody looks whether it waits: a
 * recall of a message that is not there, or of one recalled before, succeeds.
 */
export const recallMessage: Handler<BrokerContext> = ({ name, topics, timed, timers }, request) => {
  const { topic, recallHandle } = readHeader(REQUESTS.RECALL_MESSAGE.asks, request.fields)
  const refuse = (code: number, remark: string) => failure(request, code, remark, REGION)
  if (topics.get(topic) === undefined) return refuse(RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  const handle = readHandle(recallHandle)
  if (handle === undefined) return refuse(RESPONSE.ILLEGAL_OPERATION, 'the recall handle cannot be read')
  if (handle.topic !== topic) return refuse(RESPONSE.ILLEGAL_OPERATION, 'the recall handle is of another topic')
  if (handle.brokerName !== name) return refuse(RESPONSE.ILLEGAL_OPERATION, 'the recall handle is of another broker')
  const dueMs = /^\d{1,15}$/.test(handle.timestamp) ? Number(handle.timestamp) : -1
  const leftMs = dueMs - timers.now()
  if (leftMs <= 0) return refuse(RESPONSE.ILLEGAL_OPERATION, 'the time of the recall handle has passed')
  if (leftMs >= MAX_DELAY_MS) return refuse(RESPONSE.ILLEGAL_OPERATION, 'the time of the recall handle is too far away')
  timed.recall(topic, handle.messageId, outMsOfHandle(dueMs))
  return success(request, { msgId: handle.messageId, ...REGION })
}

const readHandle = (text: string): RecallHandle | undefined => {
  try {
    return decodeRecallHandle(text)
  } catch (error) {
    if (isRocketError(error)) return undefined
    throw error
  }
}
