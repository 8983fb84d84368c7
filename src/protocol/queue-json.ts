import { intAt, textAt } from './json-shapes.ts'
import type { Shape } from './json-shapes.ts'
import type { MessageQueue } from './routes.ts'

/** A queue as JSON bodies name it, its members in the order of the official writer. */
export const jsonOfQueue = ({ brokerName, queueId, topic }: MessageQueue): object => ({ brokerName, queueId, topic })

export const queueOf = (queue: Shape): MessageQueue => ({
  topic: textAt(queue, 'topic'),
  brokerName: textAt(queue, 'brokerName'),
  queueId: intAt(queue, 'queueId'),
})
