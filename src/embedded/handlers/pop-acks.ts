import Long from 'long'
import { type BatchAck, decodeBatchAckBody } from '../../protocol/pop/batch-ack-body.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { decodePopCheckPoint, ORDERED_REVIVE_QUEUE } from '../../protocol/pop/pop-check-point.ts'
import { storedTopicOf } from '../../protocol/pop/pop-retry-topic.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { failure, type Refusal, refusal, success } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { PopPlace } from '../pop-check-points.ts'
import type { Handler } from '../server.ts'

interface Receipt extends PopPlace {
  readonly offset: number
  readonly isOrdered: boolean
  readonly reviveQueueId: number
}

interface Handled {
  readonly consumerGroup: string
  readonly topic: string
  readonly queueId: number
  readonly extraInfo: string
  readonly offset: Long
}

/** What is looked at before the handle is. */
const placeOf = ({ topic, queueId, offset }: Handled) => ({ topic, queueId, offset: offset.toNumber() })

const receiptOf = ({ consumerGroup: group, topic, queueId, extraInfo, offset }: Handled): Receipt => {
  const { startOffset, popTime, invisibleTime, reviveQueueId } = decodePopCheckPoint(extraInfo)
  return {
    group,
    topic,
    queueId,
    startOffset: startOffset.toNumber(),
    popTime: popTime.toNumber(),
    invisibleMs: invisibleTime.toNumber(),
    offset: offset.toNumber(),
    isOrdered: reviveQueueId === ORDERED_REVIVE_QUEUE,
    reviveQueueId,
  }
}

/** A popped message is done; said of one that is unknown, done or came again, it means nothing. */
export const ackMessage: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.ACK_MESSAGE.asks, request.fields)
  const refused = notInQueue(context, placeOf(header), 1) ?? acknowledge(context, receiptOf(header))
  return refused === undefined ? success(request) : failure(request, refused.code, refused.remark)
}

/** Many at once; what is about an unknown topic or queue is passed over. */
export const batchAckMessage: Handler<BrokerContext> = (context, request) => {
  const { acks } = decodeBatchAckBody(request.body)
  if (acks.length === 0) return failure(request, RESPONSE.NO_MESSAGE, 'the batch acknowledges nothing')
  for (const receipt of acks.flatMap(receiptsOf)) {
    if (notInQueue(context, receipt, 1) === undefined) acknowledge(context, receipt)
  }
  return success(request)
}

const receiptsOf = (ack: BatchAck): readonly Receipt[] => {
  const startOffset = ack.startOffset.toNumber()
  return ack.bits.map(bit => ({
    group: ack.consumerGroup,
    topic: storedTopicOf(ack.mark, ack.topic, ack.consumerGroup),
    queueId: ack.queueId,
    startOffset,
    popTime: ack.popTime.toNumber(),
    invisibleMs: ack.invisibleTime.toNumber(),
    offset: startOffset + bit,
    isOrdered: ack.reviveQueueId === ORDERED_REVIVE_QUEUE,
    reviveQueueId: ack.reviveQueueId,
  }))
}

/** `pastEnd`: how far behind the last message an offset may be. */
const notInQueue = (
  { topics, log }: BrokerContext,
  { topic, queueId, offset }: Pick<Receipt, 'topic' | 'queueId' | 'offset'>,
  pastEnd: 0 | 1,
): Refusal | undefined => {
  const config = topics.get(topic)
  if (config === undefined) return refusal(RESPONSE.TOPIC_NOT_EXIST, `topic "${topic}" does not exist`)
  if (queueId < 0 || queueId >= config.readQueues) {
    return refusal(RESPONSE.MESSAGE_ILLEGAL, `topic "${topic}" has no readable queue ${queueId}`)
  }
  const { min, max } = log.existing(topic, queueId)?.range() ?? { min: 0, max: 0 }
  if (offset >= min && offset < max + pastEnd) return undefined
  return refusal(
    RESPONSE.NO_MESSAGE,
    `queue ${queueId} of topic "${topic}" goes from ${min} to ${max}, not to ${offset}`,
  )
}

const acknowledge = (context: BrokerContext, receipt: Receipt): Refusal | undefined => {
  const { group, topic, queueId, offset, popTime, isOrdered } = receipt
  if (!isOrdered) {
    context.pops.checkPoints.done(receipt, offset)
    return undefined
  }
  if (context.offsets.get(group, topic, queueId)?.greaterThan(offset) === true) return undefined // acknowledged before
  const next = context.pops.orders.ack(receipt, offset, popTime)
  if (next === 'not in the batch') {
    return refusal(
      RESPONSE.MESSAGE_ILLEGAL,
      `offset ${offset} is not part of the batch that group "${group}" popped last`,
    )
  }
  if (next !== 'outdated') context.offsets.set(group, topic, queueId, Long.fromNumber(next))
  context.pops.holds.stirred(topic, group)
  return undefined
}

/** A popped message stays hidden for another time, from now on: the answer tells its new handle. */
export const changeInvisibleTime: Handler<BrokerContext> = (context, request) => {
  const header = readHeader(REQUESTS.CHANGE_MESSAGE_INVISIBLETIME.asks, request.fields)
  const refused = notInQueue(context, placeOf(header), 0)
  if (refused !== undefined) return failure(request, refused.code, refused.remark, UNCHANGED)
  const receipt = receiptOf(header)
  const { topic, group, offset, reviveQueueId } = receipt
  const now = context.timers.now()
  const wanted = header.invisibleTime.toNumber()
  // A batch that is popped in order keeps its pop time, by which it is known.
  const popTime = receipt.isOrdered ? receipt.popTime : now
  const invisibleMs = now + wanted - popTime
  if (receipt.isOrdered) {
    context.pops.orders.change(receipt, offset, popTime, now + wanted)
    context.pops.holds.stirred(topic, group)
  } else {
    context.pops.checkPoints.done(receipt, offset)
    context.pops.checkPoints.add({ ...receipt, startOffset: offset, popTime, invisibleMs }, [offset])
  }
  return success(request, {
    popTime: String(popTime),
    invisibleTime: String(invisibleMs),
    reviveQid: String(reviveQueueId),
  })
}

const UNCHANGED = { popTime: '0', invisibleTime: '0', reviveQid: '0' }
