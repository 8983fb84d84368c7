import { readHeader } from '../../protocol/requests/fields.ts'
import { responseFrame } from '../../protocol/frames/frame.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'
import { searchByTime } from '../search-by-time.ts'

/**
 * Where a group goes on. A group without an offset starts at 0 as long as the queue still begins there; only an empty
 * queue, or one whose head is gone, leaves the start to the client (22).
 */
export const queryConsumerOffset: Handler<BrokerContext> = ({ log, offsets }, request) => {
  const header = readHeader(REQUESTS.QUERY_CONSUMER_OFFSET.asks, request.fields)
  const { consumerGroup, topic, queueId } = header
  const stored = offsets.get(consumerGroup, topic, queueId)
  if (stored !== undefined) return success(request, { offset: stored.toString() })
  const { min, max } = rangeOf(log, topic, queueId)
  if (header.setZeroIfNotFound !== false && min === 0 && max > 0) return success(request, { offset: '0' })
  return failure(
    request,
    RESPONSE.QUERY_NOT_FOUND,
    `consumer group "${consumerGroup}" has no offset for queue ${queueId} of topic "${topic}"`,
  )
}

export const updateConsumerOffset: Handler<BrokerContext> = ({ groups, offsets, topics }, request) => {
  const missing = COMMIT_FIELDS.find(name => request.fields[name] === undefined)
  if (missing !== undefined) {
    return failure(request, RESPONSE.INVALID_PARAMETER, `header field ${missing} is missing`)
  }
  const header = readHeader(REQUESTS.UPDATE_CONSUMER_OFFSET.asks, request.fields)
  const { consumerGroup, topic, queueId } = header
  if (groups.get(consumerGroup) === undefined) {
    return failure(request, RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${consumerGroup}" does not exist`)
  }
  if (topics.get(topic) === undefined) {
    return failure(request, RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  }
  if (offsets.isReset(consumerGroup, topic, queueId)) {
    const remark = `the offset of consumer group "${consumerGroup}" was reset: it is not committed before the next pull`
    return responseFrame(request, RESPONSE.SUCCESS, { remark })
  }
  offsets.set(consumerGroup, topic, queueId, header.commitOffset)
  return success(request)
}

const COMMIT_FIELDS = ['consumerGroup', 'topic', 'queueId', 'commitOffset'] as const

export const maxOffset: Handler<BrokerContext> = ({ log }, request) => {
  const { topic, queueId } = readHeader(REQUESTS.GET_MAX_OFFSET.asks, request.fields)
  return success(request, { offset: String(rangeOf(log, topic, queueId).max) })
}

export const minOffset: Handler<BrokerContext> = ({ log }, request) => {
  const { topic, queueId } = readHeader(REQUESTS.GET_MIN_OFFSET.asks, request.fields)
  return success(request, { offset: String(rangeOf(log, topic, queueId).min) })
}

export const earliestStoreTime: Handler<BrokerContext> = ({ log }, request) => {
  const { topic, queueId } = readHeader(REQUESTS.GET_MIN_OFFSET.asks, request.fields)
  const queue = log.existing(topic, queueId)
  const first = queue?.at(queue.range().min)
  return success(request, { timestamp: String(first?.storeTimestamp ?? -1) })
}

export const searchOffset: Handler<BrokerContext> = ({ log }, request) => {
  const header = readHeader(REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.asks, request.fields)
  const queue = log.existing(header.topic, header.queueId)
  if (queue === undefined) return success(request, { offset: '0' })
  const boundary = header.boundaryType?.toUpperCase() === 'UPPER' ? 'UPPER' : 'LOWER'
  return success(request, { offset: String(searchByTime(queue, header.timestamp, boundary)) })
}

const rangeOf = (log: BrokerContext['log'], topic: string, queueId: number) =>
  log.existing(topic, queueId)?.range() ?? { min: 0, max: 0 }
