/** One routing decision, of which only what matters is said. */
import type { BrokerHealth, Rank } from '../../src/client/broker-health.ts'
import type { HealthView } from '../../src/client/health.ts'
import { message, type MessageOptions } from '../../src/messages/message.ts'
import { topic } from '../../src/messages/topic.ts'
import { route, type RoutingInput, type RoutingResult } from '../../src/producer/route.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { aRoute, nameOf, queuesNamed } from './builders.ts'

export interface RouteSetting extends Partial<Omit<RoutingInput, 'tried' | 'health' | 'outgoing'>> {
  readonly ranks?: (brokerName: string) => Rank
  /** What is known of brokers, by name. */
  readonly known?: Readonly<Record<string, Partial<BrokerHealth>>>
  readonly tried?: readonly string[]
  readonly keys?: MessageOptions['keys']
  readonly shardKey?: string | undefined
}

export const QUEUES: readonly MessageQueue[] = queuesNamed('a0 a1 b0 b1')

const aBrokerHealth = (more: Partial<BrokerHealth> = {}): BrokerHealth => ({
  brokerName: 'a',
  endpoint: 'a:1',
  state: 'healthy',
  rank: 0,
  avoidedUntil: undefined,
  reachable: true,
  consecutiveSuccesses: 0,
  consecutiveFailures: 0,
  requests: 0,
  failed: 0,
  successRate: 1,
  averageLatencyMs: 0,
  maxLatencyMs: 0,
  lastSuccessAt: undefined,
  lastFailureAt: undefined,
  ...more,
})

export const drawRoute = (setting: RouteSetting = {}): RoutingResult => {
  const { ranks, known = {}, tried = [], keys, shardKey, ...more } = setting
  const rank = ranks ?? ((brokerName: string): Rank => known[brokerName]?.rank ?? 0)
  const queues = more.queues ?? QUEUES
  const names = [...new Set(queues.map(({ brokerName }) => brokerName))]
  const of = (brokerName: string): BrokerHealth =>
    aBrokerHealth({ brokerName, rank: rank(brokerName), ...known[brokerName] })
  const health: HealthView = {
    allWell: names.every(name => rank(name) === 0),
    rank,
    of,
    table: () => new Map(names.map(name => [name, of(name)])),
  }
  const ROUTE = aRoute(Object.fromEntries(names.map(name => [name, `${name}:1`])), 4)
  return route({
    board: { masterOf: name => `${name}:1`, route: ROUTE },
    queues,
    outgoing: {
      topic: 't',
      shardKey,
      body: Buffer.from('body'),
      message: message(topic('t'), Buffer.from('x'), keys === undefined ? {} : { keys }),
    },
    select: 'round-robin',
    hash: 'java',
    cursor: 0,
    random: () => 0,
    at: 0,
    health,
    tried: new Set(tried),
    last: tried.at(-1),
    ...more,
  })
}

/** `a0` where it is routed to, or the code of the error. */
export const drawnQueue = (setting: RouteSetting = {}): string => {
  const routed = drawRoute(setting)
  return routed.ok ? nameOf(routed.queue) : routed.error.code
}
