import type Long from 'long'
import { decodeBitSet, encodeBitSet } from './bit-set.ts'
import { intAt, longAt, shapeOfBody, shapesAt, textAt } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'

/** Messages of one queue and one pop that are acknowledged together. */
export interface BatchAck {
  readonly consumerGroup: string
  /** The topic that was asked for, also when the messages came from a retry topic. */
  readonly topic: string
  /** Which kind of topic they are stored in: see `TOPIC_MARK`. */
  readonly mark: string
  readonly startOffset: Long
  readonly queueId: number
  readonly reviveQueueId: number
  readonly popTime: Long
  readonly invisibleTime: Long
  /** Distance of each message from `startOffset`. */
  readonly bits: readonly number[]
}

/** Body of BATCH_ACK_MESSAGE (200151). */
export interface BatchAckBody {
  readonly brokerName: string
  readonly acks: readonly BatchAck[]
}

/** The body of a request that acknowledges many popped messages. */
export const encodeBatchAckBody = ({ brokerName, acks }: BatchAckBody): Buffer =>
  Buffer.from(`{"acks":[${acks.map(jsonOfAck).join(',')}],"brokerName":${JSON.stringify(brokerName)}}`)

/** The 64-bit numbers are put in as text: JSON.stringify cannot write them. */
const jsonOfAck = (ack: BatchAck): string => {
  const { consumerGroup, topic, mark, queueId, reviveQueueId, startOffset, popTime, invisibleTime, bits } = ack
  const plain = { b: encodeBitSet(bits), c: consumerGroup, q: queueId, r: mark, rq: reviveQueueId, t: topic }
  const long = `"it":${invisibleTime.toString()},"pt":${popTime.toString()},"so":${startOffset.toString()}`
  return `${JSON.stringify(plain).slice(0, -1)},${long}}`
}

/** Throws `ERR_RMQ_DECODE` with the path of the member that is not as expected. */
export const decodeBatchAckBody = (body: Buffer): BatchAckBody => {
  const shape = shapeOfBody(body, 'batch ack')
  return { brokerName: textAt(shape, 'brokerName'), acks: shapesAt(shape, 'acks').map(ackOf) }
}

const ackOf = (ack: Shape): BatchAck => ({
  consumerGroup: textAt(ack, 'c'),
  topic: textAt(ack, 't'),
  mark: textAt(ack, 'r'),
  startOffset: longAt(ack, 'so'),
  queueId: intAt(ack, 'q'),
  reviveQueueId: intAt(ack, 'rq'),
  popTime: longAt(ack, 'pt'),
  invisibleTime: longAt(ack, 'it'),
  bits: decodeBitSet(textAt(ack, 'b')),
})
