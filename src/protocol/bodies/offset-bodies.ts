import Long from 'long'
import { decodeFailed } from '../../errors.ts'
import { intAt, isListOfObjects, longAt, numberAt, optionalShapeAt, shapeOfBody, shapesAt } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'
import { fewEnough, jsonOfOffsets, jsonOfQueueTable, offsetsAt, queueOf, queueTableAt } from './queue-json.ts'
import type { QueueOffset } from './queue-json.ts'
import type { MessageQueue } from './routes.ts'

/** Where members of a group are to go on (code 220, and the answer to 222). */
export const encodeResetOffsets = (offsets: readonly QueueOffset[]): Buffer =>
  Buffer.from(`{"offsetTable":${jsonOfOffsets(offsets)}}`)

/** Reads the form for Java, the one for C++, and the one that only Go reads. Fails where an offset is negative. */
export const decodeResetOffsets = (body: Buffer): readonly QueueOffset[] => {
  const reset = shapeOfBody(body, 'reset offsets')
  const offsets = isListOfObjects(reset, 'offsetTable')
    ? fewEnough(shapesAt(reset, 'offsetTable'), reset, 'offsetTable').map(offsetOfQueue)
    : offsetsAt(reset, 'offsetTable')
  return notNegative(offsets, reset)
}

const notNegative = (offsets: readonly QueueOffset[], { path }: Shape): readonly QueueOffset[] => {
  const negative = offsets.find(({ offset }) => offset.isNegative())
  if (negative === undefined) return offsets
  const { topic, queueId } = negative.queue
  throw decodeFailed(`${path}: the offset of queue ${queueId} of topic "${topic}" is negative: expected 0 or more`)
}

const offsetOfQueue = (shape: Shape): QueueOffset => ({ queue: queueOf(shape), offset: longAt(shape, 'offset') })

/** What a consumer that gets every message keeps in a file, laid out as Java's client does. */
export const encodeOffsetFile = (offsets: readonly QueueOffset[]): Buffer => {
  const entries = offsets.map(({ queue: { brokerName, queueId, topic }, offset }) => {
    const members = [`"brokerName":${JSON.stringify(brokerName)}`, `"queueId":${queueId}`]
    return `{\n\t\t\t${[...members, `"topic":${JSON.stringify(topic)}`].join(',\n\t\t\t')}\n\t\t}:${offset.toString()}`
  })
  return Buffer.from(`{\n\t"offsetTable":{${entries.join(',')}${entries.length === 0 ? '' : '\n\t'}}\n}`)
}

/** Reads that of every release of Java's client. Fails for anything else, such as the first part of one. */
export const decodeOffsetFile = (body: Buffer): readonly QueueOffset[] => {
  const file = shapeOfBody(body, 'offset file')
  return notNegative(offsetsAt(file, 'offsetTable'), file)
}

/** Where members stand: one that was asked (code 221) tells its own queues, a broker (223) those of all by client id. */
export interface ConsumerStatus {
  readonly own: readonly QueueOffset[]
  readonly byClientId: ReadonlyMap<string, readonly QueueOffset[]>
}

export const encodeConsumerStatus = ({ own, byClientId }: ConsumerStatus): Buffer => {
  const members = [...byClientId].map(([clientId, offsets]) => `${JSON.stringify(clientId)}:${jsonOfOffsets(offsets)}`)
  return Buffer.from(`{"consumerTable":{${members.join(',')}},"messageQueueTable":${jsonOfOffsets(own)}}`)
}

export const decodeConsumerStatus = (body: Buffer): ConsumerStatus => {
  const status = shapeOfBody(body, 'consumer status')
  const members = optionalShapeAt(status, 'consumerTable')
  const clientIds = Object.keys(members?.members ?? {})
  return {
    own: offsetsAt(status, 'messageQueueTable'),
    byClientId: new Map(members && clientIds.map(clientId => [clientId, offsetsAt(members, clientId)])),
  }
}

/** How far a group has come in one queue. */
export interface QueueLag {
  readonly queue: MessageQueue
  /** One past the last message. */
  readonly brokerOffset: Long
  /** What the group has committed. */
  readonly consumerOffset: Long
  /** What it was given last. Brokers of 4.x do not tell. */
  readonly pullOffset: Long
  /** When the last message that is committed was stored, ms since the epoch; 0 if there is none. */
  readonly lastTimestamp: number
}

/** The progress of a group on one broker (answer to code 208). */
export interface ConsumeStats {
  readonly consumeTps: number
  readonly queues: readonly QueueLag[]
}

export const encodeConsumeStats = ({ consumeTps, queues }: ConsumeStats): Buffer =>
  Buffer.from(
    `{"consumeTps":${JSON.stringify(consumeTps)},"offsetTable":${jsonOfQueueTable(
      queues.map(lag => [lag.queue, jsonOfLag(lag)]),
    )}}`,
  )

const jsonOfLag = ({ brokerOffset, consumerOffset, lastTimestamp, pullOffset }: QueueLag): string =>
  `{"brokerOffset":${brokerOffset.toString()},"consumerOffset":${consumerOffset.toString()},` +
  `"lastTimestamp":${lastTimestamp},"pullOffset":${pullOffset.toString()}}`

export const decodeConsumeStats = (body: Buffer): ConsumeStats => {
  const stats = shapeOfBody(body, 'consume stats')
  return {
    consumeTps: numberAt(stats, 'consumeTps', 0),
    queues: queueTableAt(stats, 'offsetTable').map(([queue, pair]) => {
      const lag = optionalShapeAt(pair, 'value') ?? pair
      return {
        queue,
        brokerOffset: longAt(lag, 'brokerOffset'),
        consumerOffset: longAt(lag, 'consumerOffset'),
        pullOffset: longAt(lag, 'pullOffset', Long.ZERO),
        lastTimestamp: intAt(lag, 'lastTimestamp', 0),
      }
    }),
  }
}
