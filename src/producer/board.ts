import type { TopicRoute } from '../protocol/bodies/bodies.ts'
import { compareQueues, masterOf } from '../protocol/bodies/routes.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'

/** Where a topic's messages may go now. */
export interface Board {
  readonly queues: readonly MessageQueue[]
  /** The broker's address that takes sends. */
  masterOf(brokerName: string): string | undefined
  /** Whether the topic does not exist yet and the brokers are asked to create it. */
  readonly fromTemplate: boolean
  /** Whether this broker did not have the topic when last asked: a send to it has it created there. */
  isNewTo(brokerName: string): boolean
  readonly route: TopicRoute
}

/** Of a topic that exists. */
export const toBoard = (queues: readonly MessageQueue[], route: TopicRoute): Board => ({
  queues,
  masterOf: brokerName => masterOf(route, brokerName),
  fromTemplate: false,
  isNewTo: () => false,
  route,
})

/** Of a topic that is to be created. */
export const templateBoard = (queues: readonly MessageQueue[], route: TopicRoute): Board => ({
  ...toBoard(queues, route),
  fromTemplate: true,
  isNewTo: () => true,
})

/**
 * A topic that was just created, and the brokers of the template that do not have it yet: those too get it by a send.
 * `known` itself where there are none, or where the topic may not be sent to.
 */
export const besideTemplate = (known: Board, template: Board): Board => {
  const has = new Set(known.route.brokerDatas.map(({ brokerName }) => brokerName))
  const isNew = ({ brokerName }: { readonly brokerName: string }): boolean => !has.has(brokerName)
  const others = template.queues.filter(isNew)
  if (known.queues.length === 0 || others.length === 0) return known
  const route = {
    ...known.route,
    queueDatas: [...known.route.queueDatas, ...template.route.queueDatas.filter(isNew)],
    brokerDatas: [...known.route.brokerDatas, ...template.route.brokerDatas.filter(isNew)],
  }
  return {
    ...toBoard([...known.queues, ...others].sort(compareQueues), route),
    isNewTo: brokerName => isNew({ brokerName }),
  }
}
