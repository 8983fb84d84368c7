import type Long from 'long'
import { queueKey } from '../../messages/offsets.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { Topic } from '../../messages/topic.ts'
import type { FullLimit } from './budget.ts'
import type { Trouble } from './trouble.ts'
import { ago, because, waitingWords } from './waiting-words.ts'
import type { WaitedFor } from './waiting-words.ts'

/**
 * One thing that keeps a queue where it stands: `kind` for programs, `sentence` for people.
 *
 * - `not-held`: this member does not consume it, `why` as far as it can be known here.
 * - `not-read`: nobody subscribes to its `messages$`. `leaving`: it was revoked, and what is in hand is awaited.
 * - `start`: where it begins is not known yet. `lock`: another member may have it.
 * - `delivery`: the commit point waits for this one, `delivery.state` says why. `lead`: at most once, so that progress is
 *   ahead of what is in hand.
 * - `paused`: by `pause()`. `limit`: a limit of `flow` leaves no room. `pull`: pulls fail.
 * - `popped`: its broker keeps progress, message by message. `commit`: brokers do not know yet how far it came; with `error` when telling them fails.
 * - `behind`: it reads on. `caught-up`: there is nothing to do.
 */
export type Reason = { readonly sentence: string } & (
  | { readonly kind: 'not-held'; readonly why: 'not-consuming' | 'not-subscribed' | 'not-chosen' | 'not-shared-out' }
  | { readonly kind: 'not-read' | 'leaving' | 'paused' | 'behind' | 'caught-up' | 'popped' }
  | ({ readonly kind: 'start' | 'lock' | 'commit' } & Partial<Trouble>)
  | ({ readonly kind: 'pull' } & Trouble)
  | { readonly kind: 'delivery'; readonly delivery: WaitedFor }
  | { readonly kind: 'lead'; readonly unsettled: number }
  | ({ readonly kind: 'limit' } & FullLimit)
)

/** Why a queue stands where it stands. */
export interface Explanation {
  readonly queue: QueueRef
  /** Everything below it is settled; undefined when the queue is not held, or not read yet. */
  readonly commitPoint: Long | undefined
  /** What the broker confirmed last. */
  readonly committed: Long | undefined
  /** Messages from the commit point to the end, as far as the broker told. */
  readonly lag: number | undefined
  /** All that keeps it there, what matters most first. Never empty. */
  readonly reasons: readonly Reason[]
  /** The same as one text. */
  readonly sentence: string
}

/** Why queues stand where they stand. */
export interface ExplainDoor {
  /** Of one queue, whether this member holds it or not. */
  explain(queue: QueueRef): Explanation
  /** Of all queues of a topic that are known, held or not; without a topic, of all that are held. */
  explain(topic?: Topic | string): readonly Explanation[]
}

/** What is known of a queue that is held. */
export interface QueueFacts {
  readonly now: number
  /** `unread`: nobody subscribes to what it brings. `leaving`: revoked, what is in hand is awaited. */
  readonly phase: 'unread' | 'reading' | 'leaving'
  readonly locked: boolean
  readonly paused: boolean
  readonly atMostOnce: boolean
  readonly autoCommit: boolean
  readonly full: FullLimit | undefined
  readonly commitPoint: Long | undefined
  readonly committed: Long | undefined
  /** One past the last message, as the broker said last. */
  readonly maxOffset: Long | undefined
  /** What holds the commit point. */
  readonly waitsFor: WaitedFor | undefined
  readonly unsettled: number
  readonly starting: Trouble | undefined
  readonly pulling: Trouble | undefined
  readonly committing: Trouble | undefined
}

/** Pure. `undefined`: nothing is known of a queue that is popped. */
export const explained = (queue: QueueRef, facts: QueueFacts | undefined): Explanation => {
  if (facts === undefined) return told(queue, POPPED)
  const { commitPoint, committed, maxOffset } = facts
  const lag =
    commitPoint === undefined || maxOffset === undefined
      ? undefined
      : Math.max(0, maxOffset.subtract(commitPoint).toNumber())
  return told(queue, { commitPoint, committed, lag, reasons: [...whyNotRead(facts), ...whyNoFurther(facts, lag)] })
}

/** Pure. A queue that this member does not hold. */
export const explainedAbsence = (
  queue: QueueRef,
  { why, group }: { readonly why: (Reason & { kind: 'not-held' })['why']; readonly group: string },
): Explanation => {
  const sentence = `not held by this member of group "${group}": ${ABSENCE[why]}`
  const reasons = [{ kind: 'not-held', why, sentence }] as const
  return told(queue, { commitPoint: undefined, committed: undefined, lag: undefined, reasons })
}

const ABSENCE = {
  'not-consuming': 'none of its streams is subscribed to',
  'not-subscribed': 'it does not subscribe to the topic',
  'not-chosen': 'it is not among those that assign names',
  'not-shared-out': 'it was not shared out to this one; which other has it, brokers do not tell a member',
} as const

const POPPED: Omit<Explanation, 'queue' | 'sentence'> = {
  commitPoint: undefined,
  committed: undefined,
  lag: undefined,
  reasons: [{ kind: 'popped', sentence: 'its broker keeps progress, message by message' }],
}

const told = (queue: QueueRef, facts: Omit<Explanation, 'queue' | 'sentence'>): Explanation => {
  const { commitPoint, lag, reasons } = facts
  const why = reasons.map(({ sentence }) => sentence).join('; ')
  const at = commitPoint === undefined ? '' : ` stands at ${commitPoint.toString()}`
  const behind = lag === undefined ? '' : `, ${lag} behind`
  return { queue, ...facts, sentence: `${queueKey(queue)}${at}${behind}: ${why}` }
}

const whyNotRead = ({ phase, locked, starting, commitPoint, now }: QueueFacts): readonly Reason[] => {
  if (phase === 'unread') return [{ kind: 'not-read', sentence: 'nobody subscribes to its messages$' }]
  if (phase === 'leaving') return [{ kind: 'leaving', sentence: 'it was revoked, and what is in hand is awaited' }]
  if (!locked)
    return [{ kind: 'lock', sentence: 'its lock is not ours: another member has it, or its broker is silent' }]
  if (commitPoint !== undefined) return []
  const since = starting === undefined ? '' : `, which fails ${ago(starting.since, now)}${because(starting.error)}`
  return [{ kind: 'start', ...starting, sentence: `waits to learn where to begin${since}` }]
}

const whyNoFurther = (facts: QueueFacts, lag: number | undefined): readonly Reason[] => {
  const { commitPoint, phase, locked } = facts
  if (commitPoint === undefined) return []
  const held = [...inHand(facts), ...whyNoPulls(facts)]
  const isIdle = held.length === 0 && phase === 'reading' && locked
  return [...held, ...(isIdle ? [idle(lag)] : []), ...whyNotCommitted(facts, commitPoint)]
}

const idle = (lag: number | undefined): Reason => {
  if (lag === undefined) return { kind: 'behind', sentence: 'its first pull is on the way' }
  return lag === 0
    ? { kind: 'caught-up', sentence: 'nothing to do: all that is there is settled' }
    : { kind: 'behind', sentence: 'it reads on' }
}

const inHand = ({ waitsFor, atMostOnce, unsettled, now }: QueueFacts): readonly Reason[] => {
  if (atMostOnce) {
    const sentence = `progress is committed before messages are handed out: ${unsettled} of them are in hand`
    return unsettled > 0 ? [{ kind: 'lead', unsettled, sentence }] : []
  }
  return waitsFor === undefined ? [] : [{ kind: 'delivery', delivery: waitsFor, sentence: waitingWords(waitsFor, now) }]
}

const whyNoPulls = ({ phase, locked, paused, full, pulling, now }: QueueFacts): readonly Reason[] => {
  if (phase !== 'reading' || !locked) return []
  if (paused) return [{ kind: 'paused', sentence: 'paused by pause(): nothing more is pulled' }]
  if (full !== undefined) {
    const { limit, most, taken } = full
    return [{ kind: 'limit', ...full, sentence: `no room to pull more: flow.${limit} is ${most}, ${taken} are taken` }]
  }
  if (pulling === undefined) return []
  return [{ kind: 'pull', ...pulling, sentence: `pulls fail ${ago(pulling.since, now)}${because(pulling.error)}` }]
}

const whyNotCommitted = (
  { committed, committing, autoCommit, now }: QueueFacts,
  commitPoint: Long,
): readonly Reason[] => {
  if (committing !== undefined) {
    const sentence = `commits fail ${ago(committing.since, now)}${because(committing.error)}`
    return [{ kind: 'commit', ...committing, sentence }]
  }
  if (committed?.greaterThanOrEqual(commitPoint) === true) return []
  const known = committed === undefined ? 'no progress' : committed.toString()
  const until = autoCommit ? 'the next commit' : 'the application commits'
  return [{ kind: 'commit', sentence: `its broker knows of ${known}, until ${until}` }]
}
