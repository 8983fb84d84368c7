import { checkedMs, oneOf } from '../client/checks.ts'
import type { ProducerSettings } from './options.ts'
import type { Requirement } from './send-result.ts'

/** What one send may be told. */
export interface SendOptions {
  /** Budget of this send with all its repeats, ms. Default: the producer's timeoutMs. */
  readonly timeoutMs?: number
  /** What must be true of a stored message. Default `stored`: also when it is not yet flushed or replicated. */
  readonly require?: Requirement
  /** Aborting acts as unsubscribing does, and the operation errors with the reason. */
  readonly signal?: AbortSignal
}

/** Complete and checked; a bad option is ERR_RMQ_ILLEGAL and names itself. */
export const resolveSendOptions = ({ timeoutMs, require }: SendOptions, settings: ProducerSettings) => ({
  timeoutMs: checkedMs('timeoutMs', timeoutMs, settings.timeoutMs),
  require: oneOf('require', require, 'stored', REQUIREMENTS),
})

const REQUIREMENTS = ['stored', 'flushed', 'replicated'] as const
