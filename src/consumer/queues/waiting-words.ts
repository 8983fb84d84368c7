import type Long from 'long'
import type { Trouble } from './trouble.ts'

/**
 * A delivery that is not settled: `waiting`, nobody has begun with it; `at-work`; `again`, it failed and is tried again in
 * place; `sending-back`, a broker has not taken it back yet; `released`, it comes again after the next change of
 * assignment or start.
 */
export interface WaitedFor {
  readonly offset: Long
  /** 1 on the first delivery. */
  readonly attempt: number
  readonly state: 'waiting' | 'at-work' | 'again' | 'sending-back' | 'released'
  /** When somebody began to work on it, ms. */
  readonly startedAt: number | undefined
  /** What failed about it: the handler, or sending it back. */
  readonly trouble: Trouble | undefined
}

/** The words for it, in explanations and in what is told of a stall. */
export const waitingWords = ({ offset, attempt, state, startedAt, trouble }: WaitedFor, now: number): string =>
  `offset ${offset.toString()} (attempt ${attempt}) is not settled: ${stateWords(state, startedAt, trouble, now)}`

const stateWords = (
  state: WaitedFor['state'],
  startedAt: number | undefined,
  trouble: Trouble | undefined,
  now: number,
): string => {
  if (state === 'waiting') return 'nobody has begun with it'
  if (state === 'released') return 'it was released, and comes again after the next change of assignment or start'
  const failing = trouble === undefined ? '' : ` and fails ${ago(trouble.since, now)}${because(trouble.error)}`
  if (state === 'sending-back') return `a broker shall take it back${failing}`
  if (state === 'again') return `it is tried again in place${failing}`
  return `it is in hand ${ago(startedAt ?? now, now)}`
}

/** `for 120 ms`, `for 12 s`. */
export const ago = (since: number, now: number): string => {
  const ms = Math.max(0, now - since)
  return ms < 10_000 ? `for ${ms} ms` : `for ${Math.round(ms / 1_000)} s`
}

/** `: what it says`. */
export const because = (error: unknown): string => {
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : ''
  return text === '' ? '' : `: ${text.slice(0, 200)}`
}
