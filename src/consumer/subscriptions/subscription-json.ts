import { illegal, isRocketError } from '../../errors.ts'
import type { Topic } from '../../messages/topic.ts'
import { boolAt, intAt, optionalTextAt, shapeOfBody, shapesAt, textAt } from '../../protocol/json-shapes.ts'
import type { Shape } from '../../protocol/json-shapes.ts'
import type { SubscriptionConflict } from './subscription-conflicts.ts'
import type { SubscriptionEntry } from './subscription-entry.ts'
import { checkCount, checkSubscription } from './subscription-rules.ts'

/** What is exported. */
interface Exported {
  readonly entries: readonly SubscriptionEntry[]
  readonly conflicts: readonly SubscriptionConflict[]
}

/** A topic by its name: its codec is no JSON. */
export const writeSubscriptions = ({ entries, conflicts }: Exported, exportedAt: number): string =>
  JSON.stringify({
    subscriptions: entries.map(({ spec, ...times }) => ({ ...spec, topic: spec.topic.name, ...times })),
    conflicts,
    exportedAt,
  })

/** Throws ERR_RMQ_ILLEGAL that says what was expected where. */
export const readSubscriptions = (text: string, topicOf: (name: string) => Topic): Exported => {
  try {
    const all = shapeOfBody(Buffer.from(text), 'subscriptions')
    const shapes = shapesAt(all, 'subscriptions')
    checkCount(shapes.length)
    const entries = shapes.map(shape => entryOf(shape, topicOf))
    const names = entries.map(({ spec }) => spec.topic.name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw illegal(`topic "${twice}" stands there twice`)
    return { entries, conflicts: shapesAt(all, 'conflicts').map(conflictAt) }
  } catch (cause) {
    if (!isRocketError(cause)) throw cause
    throw illegal(`these subscriptions cannot be imported: ${cause.message}`, { cause })
  }
}

const entryOf = (shape: Shape, topicOf: (name: string) => Topic): SubscriptionEntry => {
  const sql = optionalTextAt(shape, 'sql')
  const name = textAt(shape, 'topic')
  const spec = {
    topic: { ...topicOf(name), name },
    tags: textAt(shape, 'tags'),
    ...(sql !== undefined && { sql }),
  }
  checkSubscription(spec)
  return {
    spec,
    isActive: boolAt(shape, 'isActive', true),
    addedAt: intAt(shape, 'addedAt'),
    changedAt: intAt(shape, 'changedAt'),
  }
}

const conflictAt = (shape: Shape): SubscriptionConflict => ({
  topic: textAt(shape, 'topic'),
  kind: textAt(shape, 'kind') === 'type' ? 'type' : 'expression',
  existing: textAt(shape, 'existing'),
  refused: textAt(shape, 'refused'),
  description: textAt(shape, 'description'),
  at: intAt(shape, 'at'),
})
