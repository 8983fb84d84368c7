import { expected } from '../../client/check-kinds.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { nameOf } from '../../messages/topic.ts'
import type { Topic } from '../../messages/topic.ts'
import { explained, explainedAbsence } from '../queues/explained.ts'
import type { ExplainDoor, Explanation } from '../queues/explained.ts'
import type { GroupSession } from './group-session.ts'
import type { ConsumerSettings } from '../options.ts'
import { isQueueRef } from '../queues/queue-refs.ts'

export const createExplain = (
  { group, subscriptions, assign }: ConsumerSettings,
  session: () => GroupSession | undefined,
): ExplainDoor['explain'] => {
  const absenceOf = ({ topic }: QueueRef) => {
    if (session() === undefined) return 'not-consuming'
    if (!subscriptions.some(spec => spec.topic.name === topic)) return 'not-subscribed'
    return assign === 'auto' ? 'not-shared-out' : 'not-chosen'
  }
  const one = (queue: QueueRef): Explanation => {
    const held = session()?.held.get(queue)
    if (held === undefined) return explainedAbsence(queue, { why: absenceOf(queue), group })
    return explained(held.queue, held.facts())
  }
  const queuesOf = (topic: string): readonly QueueRef[] => session()?.queuesOf(topic) ?? []
  const allHeld = (): readonly QueueRef[] => (session()?.held.all() ?? []).map(({ queue }) => queue)

  const explain = (of?: QueueRef | Topic | string): Explanation | readonly Explanation[] => {
    if (of === undefined) return allHeld().map(one)
    if (isQueueRef(of)) return one(of)
    const topic = typeof of === 'string' ? of : (Object(of) as Partial<Topic>).name
    expected('what to explain', of, typeof topic === 'string', 'a topic, its name, or a queue')
    return queuesOf(nameOf(of)).map(one)
  }
  return explain as ExplainDoor['explain']
}
