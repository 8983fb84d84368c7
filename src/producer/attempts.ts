import { isRocketError, RocketError, withDetails } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import { isDenied, isRetriableResponse } from '../protocol/responses.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import type { RetryPolicy } from './options.ts'

/** Whether repeating is allowed: Java repeats what may have been stored too, `safe` only what certainly was not. */
export const mayRepeat = (error: RocketError, policy: RetryPolicy): boolean => {
  const { responseCode, remark } = error
  // a wrong password does not get better by repeating, though it comes with a code that Java repeats
  if (responseCode !== undefined) return isRetriableResponse(responseCode) && !isDenied(responseCode, remark)
  if (policy === 'safe' && error.sent !== 'no') return false
  return error.retriable
}

/** The failure with the place where it happened. */
export const located = (cause: unknown, queue: MessageQueue, endpoint: string): RocketError => {
  const where = { endpoint, topic: queue.topic, queue: queueKey(queue) }
  if (isRocketError(cause)) return withDetails(cause, where)
  return new RocketError('ERR_RMQ_PROTOCOL', `unexpected failure of a send to ${endpoint}`, {
    cause,
    sent: 'maybe',
    ...where,
  })
}

export const toAttempt = ({ code, sent, responseCode }: RocketError, endpoint: string, elapsedMs: number): Attempt => ({
  endpoint,
  code,
  sent,
  elapsedMs,
  ...(responseCode === undefined ? {} : { responseCode }),
})
