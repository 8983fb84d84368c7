import { expected } from '../../client/check-kinds.ts'
import { illegal } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import type { QueueRef } from '../../messages/offsets.ts'

const MOST = 2 ** 31 - 1 // an int of Java's
const isName = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''

/** Whether something names a queue: from JavaScript anything may come. */
export const isQueueRef = (one: unknown): one is QueueRef => {
  const { topic, brokerName, queueId } = Object(one) as Partial<Record<keyof QueueRef, unknown>>
  return (
    isName(topic) && isName(brokerName) && Number.isInteger(queueId) && Number(queueId) >= 0 && Number(queueId) <= MOST
  )
}

/** For an `assign` that is no list of queues. */
export const notAssigned = (): RocketError =>
  illegal('assign is neither "auto" nor a list of queues { topic, brokerName, queueId }')

/** Throws ERR_RMQ_ILLEGAL for what is no list of queues; undefined means all of them. */
export const checkQueues = (queues: unknown): void => {
  const isRight = queues === undefined || (Array.isArray(queues) && queues.every(isQueueRef))
  expected('queues', queues, isRight, 'a list of queues { topic, brokerName, queueId }')
}
