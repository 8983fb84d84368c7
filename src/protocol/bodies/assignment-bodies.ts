import { decodeFailed } from '../../errors.ts'
import { optionalShapeAt, shapeOfBody, shapesAt, textAt } from '../json-shapes.ts'
import type { Shape } from '../json-shapes.ts'
import { jsonOfQueue, queueOf } from './queue-json.ts'
import type { MessageQueue } from './routes.ts'

/** A consumer that lets the broker share the queues out asks which are its own (code 400). */
export interface AssignmentQuery {
  readonly topic: string
  readonly consumerGroup: string
  readonly clientId: string
  /** `AVG` or `AVG_BY_CIRCLE`; brokers know no other. */
  readonly strategyName: string
  /** `CLUSTERING` or `BROADCASTING`. */
  readonly messageModel: string
}

const MODES = ['PULL', 'POP'] as const

/** One queue of the asking client, and how it is to consume it. */
export interface Assignment {
  readonly queue: MessageQueue
  readonly mode: (typeof MODES)[number]
}

export const encodeAssignmentQuery = (query: AssignmentQuery): Buffer => Buffer.from(JSON.stringify(query))

export const decodeAssignmentQuery = (body: Buffer): AssignmentQuery => {
  const query = shapeOfBody(body, 'assignment query')
  return {
    topic: textAt(query, 'topic'),
    consumerGroup: textAt(query, 'consumerGroup'),
    clientId: textAt(query, 'clientId'),
    strategyName: textAt(query, 'strategyName', ''),
    messageModel: textAt(query, 'messageModel'),
  }
}

/** `undefined` says that there is no valid result: the client keeps what it has. An empty list takes all from it. */
export const encodeAssignments = (assignments: readonly Assignment[] | undefined): Buffer =>
  Buffer.from(
    JSON.stringify({
      messageQueueAssignments: assignments?.map(({ queue, mode }) => ({ messageQueue: jsonOfQueue(queue), mode })),
    }),
  )

export const decodeAssignments = (body: Buffer): readonly Assignment[] | undefined => {
  const answer = shapeOfBody(body, 'assignments')
  const isValid = (answer.members['messageQueueAssignments'] ?? undefined) !== undefined
  return isValid ? shapesAt(answer, 'messageQueueAssignments').map(assignmentOf) : undefined
}

const assignmentOf = (assignment: Shape): Assignment => {
  const queue = optionalShapeAt(assignment, 'messageQueue')
  if (queue === undefined) throw decodeFailed(`${assignment.path}.messageQueue: expected an object`)
  const mode = MODES.find(name => name === textAt(assignment, 'mode'))
  if (mode === undefined) throw decodeFailed(`${assignment.path}.mode: expected ${MODES.join(' or ')}`)
  return { queue: queueOf(queue), mode }
}
