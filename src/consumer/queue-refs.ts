import { expected } from '../client/check-kinds.ts'
import type { QueueRef } from '../messages/offsets.ts'

/** Whether something names a queue: from JavaScript anything may come. */
export const isQueueRef = (one: unknown): one is QueueRef => {
  const { topic, brokerName, queueId } = Object(one) as Partial<Record<keyof QueueRef, unknown>>
  return (
    typeof topic === 'string' && typeof brokerName === 'string' && Number.isInteger(queueId) && Number(queueId) >= 0
  )
}

/** Throws ERR_RMQ_ILLEGAL for what is no list of queues; undefined means all of them. */
export const checkQueues = (queues: unknown): void => {
  const isRight = queues === undefined || (Array.isArray(queues) && queues.every(isQueueRef))
  expected('queues', queues, isRight, 'a list of queues { topic, brokerName, queueId }')
}
