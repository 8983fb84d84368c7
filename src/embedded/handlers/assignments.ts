import {
  type Assignment,
  type AssignmentQuery,
  decodeAssignmentQuery,
  encodeAssignments,
} from '../../protocol/bodies/bodies.ts'
import { isReadable } from '../../protocol/permissions.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { successWithBody } from '../answers.ts'
import type { BrokerContext } from '../broker-context.ts'
import type { Handler } from '../server.ts'
import { shareQueues, shareToPop } from '../share-queues.ts'

/** Which queues are the asking member's, and whether it pulls or pops them. */
export const queryAssignment: Handler<BrokerContext> = (context, request) => {
  const query = decodeAssignmentQuery(request.body)
  const { mode, shareQueues: others } = context.pops.modes.get(query.topic, query.consumerGroup)
  const own = sharedOut(context, query, mode === 'POP' ? others : undefined)
  return successWithBody(request, encodeAssignments(own?.map((queue): Assignment => ({ queue, mode }))))
}

/** Undefined when there is nothing to share or nobody to share with, or no known way to do it. */
const sharedOut = (
  context: BrokerContext,
  query: AssignmentQuery,
  popOthers: number | undefined,
): readonly MessageQueue[] | undefined => {
  const queues = queuesOf(context, query.topic)
  if (queues.length === 0) return undefined
  if (query.messageModel === 'BROADCASTING') return queues
  const group = context.members.group(query.consumerGroup)
  if (group === undefined) return undefined
  const ids = [...group.members.values()].map(({ clientId }) => clientId).sort(byUnits)
  return popOthers === undefined
    ? shareQueues(query.strategyName, queues, ids, query.clientId)
    : shareToPop(query.strategyName, queues, ids, query.clientId, popOthers)
}

/** Of all brokers that are up, by broker and id, as clients sort them. */
const queuesOf = ({ routes }: BrokerContext, topic: string): readonly MessageQueue[] =>
  routes.brokers().flatMap(({ name, topics }) => {
    const { perm, readQueues } = topics.get(topic) ?? { perm: 0, readQueues: 0 }
    const readable = isReadable(perm) ? readQueues : 0
    return Array.from({ length: readable }, (_, queueId) => ({ topic, brokerName: name, queueId }))
  })

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
