import { kindOf, optionsOf } from '../client/check-kinds.ts'
import { checkNames } from '../client/check-names.ts'
import { illegal } from '../errors.ts'

/** Every name that the options of a call may have, by the kind of call. */
const NAMES = {
  call: { timeoutMs: true, signal: true },
  send: { timeoutMs: true, signal: true, require: true, queue: true, select: true },
  oneway: { timeoutMs: true, signal: true, queue: true, select: true },
  transaction: { timeoutMs: true, signal: true, queue: true, select: true, checkAfterMs: true },
  stream: { concurrency: true, keyBy: true, order: true, batch: true, buffer: true, onError: true },
  pull: { concurrency: true, keyBy: true, order: true, batch: true, onError: true },
} as const

/** Throws ERR_RMQ_ILLEGAL for what are no options, or not of this kind of call. What their values may be is checked elsewhere. */
export const checkCallOptions = (kind: keyof typeof NAMES, given: object): void => {
  optionsOf('options', given)
  checkNames('options', given, NAMES[kind])
}

/** The signal of options that may not have been checked yet: whatever is wrong with them is the error of the operation. */
export const signalOf = (given: { readonly signal?: AbortSignal }): AbortSignal | undefined =>
  (given as typeof given | null)?.signal

/** Throws ERR_RMQ_ILLEGAL for what has to be a function and is none. */
export const checkFunction = (name: string, given: unknown): void => {
  if (typeof given !== 'function') throw illegal(`${name} is ${kindOf(given)}: expected a function`)
}
