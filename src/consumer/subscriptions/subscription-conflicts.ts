import type { SubscriptionSpec } from '../../messages/topic.ts'

/** Somebody subscribed to a topic that is subscribed to already, with another filter. */
export interface SubscriptionConflict {
  readonly topic: string
  /** `type`: one is by tags and the other by SQL92; `expression`: both are of one kind. */
  readonly kind: 'type' | 'expression'
  /** The expressions: what stays, and what was refused. */
  readonly existing: string
  readonly refused: string
  /** For people. */
  readonly description: string
  /** Epoch ms. */
  readonly at: number
}

/** The newest conflicts. */
interface Conflicts {
  note(conflict: SubscriptionConflict): void
  readonly list: () => readonly SubscriptionConflict[]
  /** So far, forgotten ones included. */
  readonly total: () => number
  replace(all: readonly SubscriptionConflict[]): void
}

const MOST_KEPT = 100

const expressionOf = ({ tags, sql }: SubscriptionSpec): string => sql ?? (tags === '' ? '*' : tags)

/** What differs between two subscriptions to one topic; undefined when they want the same messages by the same words. */
export const conflictOf = (
  one: SubscriptionSpec,
  other: SubscriptionSpec,
  at: number,
): SubscriptionConflict | undefined => {
  const topic = one.topic.name
  const existing = expressionOf(one)
  const refused = expressionOf(other)
  const kind = (one.sql === undefined) === (other.sql === undefined) ? 'expression' : 'type'
  if (kind === 'expression' && existing === refused) return undefined
  const description = `topic "${topic}" is subscribed to by ${shown(one)}, not by ${shown(other)}`
  return { topic, kind, existing, refused, description, at }
}

const shown = (spec: SubscriptionSpec): string =>
  `${spec.sql === undefined ? 'tags' : 'SQL92'} ${JSON.stringify(expressionOf(spec).slice(0, 80))}`

export const createConflicts = (): Conflicts => {
  let newest: readonly SubscriptionConflict[] = []
  let total = 0
  return {
    note: conflict => {
      newest = [...newest, conflict].slice(-MOST_KEPT)
      total++
    },
    list: () => newest,
    total: () => total,
    replace: all => {
      newest = all.slice(-MOST_KEPT)
      total = all.length
    },
  }
}
