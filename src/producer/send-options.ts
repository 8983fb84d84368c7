import { checkedMs, oneOf } from '../client/checks.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { ProducerSettings } from './options.ts'
import { checkedQueue, checkedSelect } from './selection.ts'
import type { Select } from './selection.ts'
import type { Requirement } from './send-result.ts'

/** What one send may be told. */
export interface SendOptions {
  /** Budget of this send with all its repeats, ms. Default: the producer's timeoutMs. */
  readonly timeoutMs?: number
  /** What must be true of a stored message. Default `stored`: also when it is not yet flushed or replicated. */
  readonly require?: Requirement
  /** The very queue, by broker name and number; a repeat goes there, too. Default: as `select` says. */
  readonly queue?: QueueRef
  /** How this message finds its queue, a sharding key or not. Default: as the producer's `select`. */
  readonly select?: Select
  /** Aborting acts as unsubscribing does, and the operation errors with the reason. */
  readonly signal?: AbortSignal
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. */
export const resolveSendOptions = (
  { timeoutMs, require, queue, select }: SendOptions,
  settings: ProducerSettings,
  topic: string,
) => ({
  timeoutMs: checkedMs('timeoutMs', timeoutMs, settings.timeoutMs),
  require: oneOf('require', require, 'stored', REQUIREMENTS),
  select: checkedQueue(queue, topic) ?? (select === undefined ? undefined : checkedSelect(select, 'round-robin')),
})

const REQUIREMENTS = ['stored', 'flushed', 'replicated'] as const
