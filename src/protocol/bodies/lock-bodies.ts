import { shapeOfBody, shapesAt, textAt } from '../json-shapes.ts'
import { jsonOfQueue, queueOf } from './queue-json.ts'
import type { MessageQueue } from './routes.ts'

/** A client that wants to be the only one of its group to consume queues, or to give them back (codes 41 and 42). */
export interface LockRequest {
  readonly consumerGroup: string
  readonly clientId: string
  readonly queues: readonly MessageQueue[]
}

export const encodeLockRequest = ({ consumerGroup, clientId, queues }: LockRequest): Buffer =>
  Buffer.from(JSON.stringify({ clientId, consumerGroup, mqSet: queues.map(jsonOfQueue), onlyThisBroker: false }))

export const decodeLockRequest = (body: Buffer): LockRequest => {
  const request = shapeOfBody(body, 'lock request')
  return {
    consumerGroup: textAt(request, 'consumerGroup'),
    clientId: textAt(request, 'clientId'),
    queues: shapesAt(request, 'mqSet').map(queueOf),
  }
}

/** The queues that the asking client holds now: those of the request that no other client holds (answer to code 41). */
export const encodeLockedQueues = (queues: readonly MessageQueue[]): Buffer =>
  Buffer.from(JSON.stringify({ lockOKMQSet: queues.map(jsonOfQueue) }))

export const decodeLockedQueues = (body: Buffer): readonly MessageQueue[] =>
  shapesAt(shapeOfBody(body, 'locked queues'), 'lockOKMQSet').map(queueOf)
