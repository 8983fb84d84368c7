import Long from 'long'
import { encodeResetOffsets } from '../../protocol/bodies/bodies.ts'
import type { QueueOffset } from '../../protocol/bodies/bodies.ts'
import { readHeader, writeHeader } from '../../protocol/requests/fields.ts'
import type { HeaderOf } from '../../protocol/requests/fields.ts'
import type { Frame } from '../../protocol/frames/frame.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import { searchByTime } from '../search-by-time.ts'
import type { Handler } from '../server.ts'

type ResetHeader = HeaderOf<typeof REQUESTS.INVOKE_BROKER_TO_RESET_OFFSET.asks>

/** Sends a group to other offsets of a topic: by itself, or, as brokers of 4.x do, by telling the members. */
export const resetOffsets: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.INVOKE_BROKER_TO_RESET_OFFSET.asks, request.fields)
  return context.serverSideReset ? resetHere(context, request, header) : tellMembers(context, request, header)
}

const resetHere = (context: BrokerContext, request: Frame, header: ResetHeader): Frame => {
  const { topic, group, queueId = -1, offset } = header
  const config = context.topics.get(topic)
  if (config === undefined) return failure(request, RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  if (context.groups.get(group) === undefined) {
    return failure(request, RESPONSE.SUBSCRIPTION_GROUP_NOT_EXIST, `consumer group "${group}" does not exist`)
  }
  const queueIds = queueId >= 0 ? [queueId] : allQueues(config.readQueues)
  const wanted = queueId >= 0 && offset?.isNegative() === false ? offset : undefined
  const range = context.log.existing(topic, queueId)?.range() ?? { min: 0, max: 0 }
  if (wanted !== undefined && (wanted.lessThan(range.min) || wanted.greaterThan(range.max + 1))) {
    const remark = `offset ${wanted.toString()} is not in queue ${queueId} of topic "${topic}", which has ${range.min} to ${range.max}`
    return failure(request, RESPONSE.SYSTEM_ERROR, remark)
  }
  const offsets = queueIds.map(id => offsetOf(context, topic, id, wanted ?? byTime(context, header, id)))
  for (const one of offsets) context.offsets.reset(group, topic, one.queue.queueId, one.offset)
  return successWithBody(request, encodeResetOffsets(offsets))
}

/** Unless it is forced, nobody is sent forward. */
const tellMembers = (context: BrokerContext, request: Frame, header: ResetHeader): Frame => {
  const { topic, group, timestamp, isForce } = header
  const refuse = (code: number, remark: string): Frame => failure(request, code, remark)
  const config = context.topics.get(topic)
  if (config === undefined) return refuse(RESPONSE.SYSTEM_ERROR, `topic "${topic}" does not exist`)
  const offsets: QueueOffset[] = []
  for (const queueId of allQueues(config.writeQueues)) {
    const committed = context.offsets.get(group, topic, queueId)
    if (committed === undefined) {
      return refuse(RESPONSE.SYSTEM_ERROR, `consumer group "${group}" has no offset in queue ${queueId} of "${topic}"`)
    }
    const found = byTime(context, header, queueId)
    offsets.push(offsetOf(context, topic, queueId, isForce || found.lessThan(committed) ? found : committed))
  }
  const members = [...(context.members.group(group)?.members.keys() ?? [])]
  if (members.length === 0) return refuse(RESPONSE.CONSUMER_NOT_ONLINE, `consumer group "${group}" has no member here`)
  const { code, asks } = REQUESTS.RESET_CONSUMER_CLIENT_OFFSET
  const body = encodeResetOffsets(offsets)
  const fields = writeHeader(asks, { topic, group, timestamp, isForce: false, queueId: -1 })
  for (const member of members) member.notify(code, fields, body)
  return successWithBody(request, body)
}

const allQueues = (count: number): readonly number[] => Array.from({ length: count }, (_, queueId) => queueId)

const byTime = ({ log }: BrokerContext, { topic, timestamp }: ResetHeader, queueId: number): Long => {
  const queue = log.existing(topic, queueId)
  if (queue === undefined) return Long.ZERO
  return Long.fromNumber(timestamp.isNegative() ? queue.range().max : searchByTime(queue, timestamp, 'LOWER'))
}

const offsetOf = ({ name }: BrokerContext, topic: string, queueId: number, offset: Long): QueueOffset => ({
  queue: { topic, brokerName: name, queueId },
  offset,
})
