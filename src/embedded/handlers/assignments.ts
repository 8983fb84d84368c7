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
const STRATEGIES: Readonly<Record<string, Share>> = {
  AVG: (queues, index, members) => {
    const size = Math.floor(queues / members)
    const rest = queues % members // one more for each of the first
    return range(index * size + Math.min(index, rest), size + (index < rest ? 1 : 0), 1)
  },
  AVG_BY_CIRCLE: (queues, index, members) => range(index, Math.max(0, Math.ceil((queues - index) / members)), members),
}

/** Which queues are the asking member's, and whether it pulls or pops them. */
export const queryAssignment: Handler<BrokerContext> = (context, request) => {
  const query = decodeAssignmentQuery(request.body)
  const { mode, shareQueues } = context.pops.modes.get(query.topic, query.consumerGroup)
  const own = sharedOut(context, query, mode === 'POP' ? (...shared) => shareToPop(shareQueues, ...shared) : undefined)
  return successWithBody(request, encodeAssignments(own?.map((queue): Assignment => ({ queue, mode }))))
}

type Share = (queues: number, index: number, members: number) => readonly number[]

/**
 * Who pops may share: each gets the queues of so many members after it as well. Undefined: everybody has every queue,
 * which is said as one queue -1 a broker.
 */
const shareToPop = (
  others: number,
  share: Share,
  queues: number,
  index: number,
  members: number,
): readonly number[] | undefined => {
  if (others <= 0 || others >= members - 1) return undefined
  if (members > queues) return [index % queues]
  return range(0, others + 1, 1).flatMap(n => share(queues, (index + n) % members, members))
}

/** Undefined when there is nothing to share or nobody to share with, or no known way to do it. */
const sharedOut = (
  context: BrokerContext,
  query: AssignmentQuery,
  toPop: ((...shared: [Share, number, number, number]) => readonly number[] | undefined) | undefined,
): readonly MessageQueue[] | undefined => {
  const queues = queuesOf(context, query.topic)
  if (queues.length === 0) return undefined
  if (query.messageModel === 'BROADCASTING') return queues
  const group = context.members.group(query.consumerGroup)
  const share = STRATEGIES[query.strategyName]
  if (group === undefined || share === undefined) return undefined
  const ids = [...group.members.values()].map(({ clientId }) => clientId).sort(byUnits)
  const index = ids.indexOf(query.clientId)
  if (index < 0) return []
  const own =
    toPop === undefined ? share(queues.length, index, ids.length) : toPop(share, queues.length, index, ids.length)
  if (own === undefined) return anyQueueOf(queues)
  const positions = new Set(own)
  return queues.filter((_, position) => positions.has(position))
}

/** Of all brokers that are up, by broker and id, as clients sort them. */
const queuesOf = ({ routes }: BrokerContext, topic: string): readonly MessageQueue[] =>
  routes.brokers().flatMap(({ name, topics }) => {
    const { perm, readQueues } = topics.get(topic) ?? { perm: 0, readQueues: 0 }
    const readable = isReadable(perm) ? readQueues : 0
    return range(0, readable, 1).map(queueId => ({ topic, brokerName: name, queueId }))
  })

const anyQueueOf = (queues: readonly MessageQueue[]): readonly MessageQueue[] =>
  [...new Set(queues.map(({ brokerName }) => brokerName))].flatMap(brokerName =>
    queues
      .filter(queue => queue.brokerName === brokerName)
      .slice(0, 1)
      .map(queue => ({ ...queue, queueId: -1 })),
  )

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const range = (start: number, length: number, step: number): readonly number[] =>
  Array.from({ length }, (_, n) => start + n * step)
