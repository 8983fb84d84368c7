import type Long from 'long'
import { decodeFailed } from '../../errors.ts'
import { intAt, longAt, optionalShapeAt, pairsAt, textAt } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'
import { MAX_QUEUES } from './route-bodies.ts'
import type { MessageQueue } from './routes.ts'

/** A place in a queue. */
export interface QueueOffset {
  readonly queue: MessageQueue
  readonly offset: Long
}

/** A queue as JSON bodies name it, its members in the order of the official writer. */
export const jsonOfQueue = ({ brokerName, queueId, topic }: MessageQueue): object => ({ brokerName, queueId, topic })

export const queueOf = (queue: Shape): MessageQueue => ({
  topic: textAt(queue, 'topic'),
  brokerName: textAt(queue, 'brokerName'),
  queueId: intAt(queue, 'queueId'),
})

/** A map whose keys are queues, its values given as JSON. Not JSON proper: the official servers and tools expect it so. */
export const jsonOfQueueTable = (entries: readonly (readonly [MessageQueue, string])[]): string =>
  `{${entries.map(([queue, value]) => `${JSON.stringify(jsonOfQueue(queue))}:${value}`).join(',')}}`

export const jsonOfOffsets = (offsets: readonly QueueOffset[]): string =>
  jsonOfQueueTable(offsets.map(({ queue, offset }) => [queue, offset.toString()]))

/** The entries of such a map, each with its value as the member `value`. At most as many as there can be queues. */
export const queueTableAt = (shape: Shape, name: string): readonly (readonly [MessageQueue, Shape])[] =>
  fewEnough(pairsAt(shape, name), shape, name).map(pair => [queueOf(optionalShapeAt(pair, 'key') ?? pair), pair])

export const offsetsAt = (shape: Shape, name: string): readonly QueueOffset[] =>
  queueTableAt(shape, name).map(([queue, pair]) => ({ queue, offset: longAt(pair, 'value') }))

/** Throws `ERR_RMQ_DECODE` for more than any group can hold. */
export const fewEnough = <T>(items: readonly T[], { path }: Shape, name: string): readonly T[] => {
  if (items.length <= MAX_QUEUES) return items
  throw decodeFailed(`${path}.${name}: expected at most ${MAX_QUEUES} queues, not ${items.length}`)
}
