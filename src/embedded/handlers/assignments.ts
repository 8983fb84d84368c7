import {
  type Assignment,
  type AssignmentQuery,
  decodeAssignmentQuery,
  encodeAssignments,
} from '../../protocol/bodies.ts'
import { isReadable } from '../../protocol/permissions.ts'
import type { MessageQueue } from '../../protocol/routes.ts'
import { successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'

/** Which of `queues` the member at `index` of `members` gets. Official brokers know these two ways to share out. */
const STRATEGIES: Readonly<Record<string, (queues: number, index: number, members: number) => readonly number[]>> = {
  AVG: (queues, index, members) => {
    const size = Math.floor(queues / members)
    const rest = queues % members // one more for each of the first
    return range(index * size + Math.min(index, rest), size + (index < rest ? 1 : 0), 1)
  },
  AVG_BY_CIRCLE: (queues, index, members) => range(index, Math.max(0, Math.ceil((queues - index) / members)), members),
}

/** Which queues are the asking member's, all of them to be pulled. */
export const queryAssignment: Handler<BrokerContext> = (context, request) => {
  const own = sharedOut(context, decodeAssignmentQuery(request.body))
  return successWithBody(request, encodeAssignments(own?.map((queue): Assignment => ({ queue, mode: 'PULL' }))))
}

/** Undefined when there is nothing to share or nobody to share with, or no known way to do it. */
const sharedOut = (context: BrokerContext, query: AssignmentQuery): readonly MessageQueue[] | undefined => {
  const queues = queuesOf(context, query.topic)
  if (queues.length === 0) return undefined
  if (query.messageModel === 'BROADCASTING') return queues
  const group = context.members.group(query.consumerGroup)
  const share = STRATEGIES[query.strategyName]
  if (group === undefined || share === undefined) return undefined
  const ids = [...group.members.values()].map(({ clientId }) => clientId).sort(byUnits)
  const index = ids.indexOf(query.clientId)
  const positions = new Set(index < 0 ? [] : share(queues.length, index, ids.length))
  return queues.filter((_, position) => positions.has(position))
}

/** Of all brokers that are up, by broker and id, as clients sort them. */
const queuesOf = ({ routes }: BrokerContext, topic: string): readonly MessageQueue[] =>
  routes.brokers().flatMap(({ name, topics }) => {
    const { perm, readQueues } = topics.get(topic) ?? { perm: 0, readQueues: 0 }
    const readable = isReadable(perm) ? readQueues : 0
    return range(0, readable, 1).map(queueId => ({ topic, brokerName: name, queueId }))
  })

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const range = (start: number, length: number, step: number): readonly number[] =>
  Array.from({ length }, (_, n) => start + n * step)
