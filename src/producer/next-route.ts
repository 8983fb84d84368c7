import type { Health } from '../client/health.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { Board } from './board.ts'
import type { ProducerSettings } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import { route } from './route.ts'
import type { RoutingResult } from './route.ts'
import type { RoutingCounter } from './routing-stats.ts'
import type { Select } from './selection.ts'
import type { TopicBoards } from './topic-boards.ts'

/** What a producer knows when it routes. */
export interface RoutingContext {
  readonly settings: Pick<ProducerSettings, 'hash'>
  readonly boards: TopicBoards
  readonly random: () => number
  readonly health: Health
  readonly routing: RoutingCounter
  /** The producer's strategy at this moment. */
  readonly select: () => Select
}

/** One attempt of one message. */
export interface RoutingAttempt {
  readonly board: Board
  readonly outgoing: Outgoing
  /** For this message instead of the producer's strategy. */
  readonly select: Select | QueueRef | undefined
  /** When it is made, ms. */
  readonly at: number
  /** Brokers that have failed this message. */
  readonly tried: ReadonlySet<string>
  /** The broker of the attempt before. */
  readonly last: string | undefined
}

/** Routes one attempt: moves the topic's rotation on, and counts. */
export const nextRoute = (context: RoutingContext, attempt: RoutingAttempt): RoutingResult => {
  const routed = routeNow(context, attempt)
  context.boards.rotation(attempt.outgoing.topic).cursor = routed.cursor
  context.routing.count(routed)
  return routed
}

/** Where an attempt would go at this moment. */
export const routeNow = (context: RoutingContext, attempt: RoutingAttempt): RoutingResult => {
  const { settings, boards, random, health, select } = context
  const { board, outgoing, at, tried, last } = attempt
  return route({
    board,
    queues: board.queues,
    outgoing,
    select: attempt.select ?? select(),
    hash: settings.hash,
    cursor: boards.rotation(outgoing.topic).cursor,
    random,
    at,
    health,
    tried,
    last,
  })
}
