import type { FaultPlan } from './faults.ts'
import { NAME_SERVER_HANDLERS } from './handlers/routes.ts'
import type { ClusterPlan } from './options.ts'
import { listen, serve } from './server.ts'
import { createTimers } from './timers.ts'
import type { Topics } from './topics.ts'

/** What routes tell of a broker. */
export interface RoutedBroker {
  readonly name: string
  readonly clusterName: string
  /** `host:port` as clients reach it. */
  readonly address: string
  readonly topics: Topics
}

/** The brokers that are up. In one process there is nothing to register but the broker itself. */
export interface RouteTable {
  register(broker: RoutedBroker): void
  unregister(name: string): void
  /** By name. */
  brokers(): readonly RoutedBroker[]
}

export interface NameServer extends RouteTable {
  readonly address: string
  stop(): Promise<void>
}

export const startNameServer = async (plan: ClusterPlan, faults: FaultPlan): Promise<NameServer> => {
  const table = createRouteTable()
  const timers = createTimers(plan.scheduler)
  const { listener, port } = await listen(plan.host, plan.nameServerPort)
  const server = serve(listener, {
    context: table,
    handlers: NAME_SERVER_HANDLERS,
    faults,
    timers,
    idleMs: plan.idleMs,
  })
  return {
    ...table,
    address: advertised(plan, port),
    stop: async () => {
      timers.stop()
      await server.kill()
    },
  }
}

/** `host:port` of a server as clients reach it, IPv6 in brackets. */
export const advertised = ({ advertisedHost }: Pick<ClusterPlan, 'advertisedHost'>, port: number): string =>
  advertisedHost.includes(':') ? `[${advertisedHost}]:${port}` : `${advertisedHost}:${port}`

const createRouteTable = (): RouteTable => {
  const byName = new Map<string, RoutedBroker>()
  return {
    register: broker => {
      byName.set(broker.name, broker)
    },
    unregister: name => {
      byName.delete(name)
    },
    brokers: () => [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}
