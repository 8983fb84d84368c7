import type Long from 'long'
import type { SendStatus, Stored } from '../broker/sending.ts'
import { RocketError } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { Outgoing } from './outgoing.ts'

export type { SendStatus }

/** What became of a message that the broker stored. */
export interface SendResult {
  /** Other than `ok`: stored, but not flushed or replicated in the time configured at the broker. */
  readonly status: SendStatus
  /** Client-made, constant over all repeats: by it consumers can tell duplicates. */
  readonly messageId: string
  /** Broker-made. Of a delayed message: the id of the scheduled record. */
  readonly offsetMessageId: string
  readonly queue: QueueRef
  readonly queueOffset: Long
  readonly transactionId: string | undefined
  readonly recallHandle: string | undefined
  readonly regionId: string | undefined
  readonly traceOn: boolean
  readonly sentAt: Date
  /** More than 1: an earlier attempt may have been stored too, as a duplicate with the same messageId. */
  readonly attempts: number
  /** The attempts before the one that stored it, in order; usually none. */
  readonly failedAttempts: readonly Attempt[]
  readonly elapsedMs: number
  /** Plain JSON: offsets as decimal strings. */
  toJSON(): Record<string, unknown>
}

/** Which statuses are good enough: `stored` takes any, `flushed` wants it on disk, `replicated` on a replica as well. */
export type Requirement = 'stored' | 'flushed' | 'replicated'

export const toSendResult = (
  outgoing: Outgoing,
  brokerName: string,
  stored: Stored,
  failedAttempts: readonly Attempt[],
  elapsedMs: number,
): SendResult => ({
  status: stored.status,
  messageId: outgoing.messageId,
  offsetMessageId: stored.offsetMessageId,
  queue: { topic: outgoing.topic, brokerName, queueId: stored.queueId },
  queueOffset: stored.queueOffset,
  transactionId: stored.transactionId,
  recallHandle: stored.recallHandle,
  regionId: stored.regionId,
  traceOn: stored.traceOn,
  sentAt: new Date(outgoing.bornTimestamp),
  attempts: failedAttempts.length + 1,
  failedAttempts,
  elapsedMs,
  toJSON: resultToJson,
})

/** A result that was not good enough, and which attempt it was of. */
export interface Kept {
  readonly result: SendResult
  readonly attempt: number
}

/** The kept result after all, among so many attempts that came to nothing better. */
export const keptResult = ({ result, attempt }: Kept, attempts: readonly Attempt[], elapsedMs: number): SendResult => ({
  ...result,
  attempts: attempts.length,
  failedAttempts: attempts.filter((_, position) => position !== attempt),
  elapsedMs,
})

/** One function for all results: a closure each would cost more than the result itself. */
function resultToJson(this: SendResult): Record<string, unknown> {
  return { ...this, queueOffset: this.queueOffset.toString(), toJSON: undefined }
}

const UNMET: Readonly<Record<Requirement, readonly SendStatus[]>> = {
  stored: [],
  flushed: ['flush-disk-timeout'],
  replicated: ['flush-disk-timeout', 'flush-slave-timeout', 'slave-not-available'],
}

/** Throws when the broker stored the message but did not do what the sender requires. */
export const checkRequirement = (result: SendResult, require: Requirement): void => {
  if (UNMET[require].includes(result.status)) throw storedBut(result, require)
}

/** The broker stored the message, and not as it should. */
export const storedBut = (result: SendResult, require: Requirement): RocketError =>
  new RocketError('ERR_RMQ_BROKER', `message ${result.messageId} is stored but not ${require}: ${result.status}`, {
    sent: 'maybe',
    topic: result.queue.topic,
    queue: queueKey(result.queue),
    offset: result.queueOffset.toString(),
    advice: 'it is stored: do not send it again unless duplicates do no harm',
  })
