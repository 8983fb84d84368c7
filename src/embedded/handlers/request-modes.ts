import { isRetryTopic } from '../../protocol/names.ts'
import { decodeRequestModeBody } from '../../protocol/bodies/bodies.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

/** Whether the members of a group are told to pull a topic or to pop it. Which group it is about is not looked at. */
export const setRequestMode: Handler<BrokerContext> = ({ topics, pops }, request) => {
  const { topic, consumerGroup, mode, popShareQueueNum } = decodeRequestModeBody(request.body)
  if (isRetryTopic(topic)) {
    return failure(request, RESPONSE.NO_PERMISSION, `retry topic "${topic}" is always pulled`)
  }
  if (topics.get(topic) === undefined) {
    return failure(request, RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  }
  pops.modes.set(topic, consumerGroup, { mode, shareQueues: popShareQueueNum })
  return success(request)
}
