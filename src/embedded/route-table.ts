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

export const createRouteTable = (): RouteTable => {
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
