import { decodeLockRequest, encodeLockedQueues } from '../../protocol/bodies/bodies.ts'
import { success, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

/** Neither topic nor membership is looked at, as in the official broker. */
export const lockQueues: Handler<BrokerContext> = ({ locks }, request) => {
  const { consumerGroup, clientId, queues } = decodeLockRequest(request.body)
  return successWithBody(request, encodeLockedQueues(locks.take(consumerGroup, clientId, queues)))
}

export const unlockQueues: Handler<BrokerContext> = ({ locks }, request) => {
  const { consumerGroup, clientId, queues } = decodeLockRequest(request.body)
  locks.release(consumerGroup, clientId, queues)
  return success(request)
}
