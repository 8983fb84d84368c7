import type { RoutingResult, Strategy } from './route.ts'

/** How the attempts of a producer were routed since it began, or since the numbers were last reset. */
export interface RoutingStats {
  readonly total: number
  readonly successful: number
  /** Attempts that found no queue, or no address of its broker. */
  readonly failed: number
  /** How often each strategy was asked. */
  readonly strategies: Readonly<Partial<Record<Strategy, number>>>
  /** How often each broker was chosen. */
  readonly brokers: Readonly<Record<string, number>>
}

/** Counts in place, because each message counts. */
export interface RoutingCounter {
  count(result: RoutingResult): void
  snapshot(): RoutingStats
  /** Begins anew; the health of brokers is not touched. */
  reset(): void
}

export const createRoutingStats = (): RoutingCounter => {
  let total = 0
  let successful = 0
  const strategies = new Map<Strategy, number>()
  const brokers = new Map<string, number>()
  const addTo = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
  return {
    count: result => {
      total++
      addTo(strategies, result.strategy)
      if (!result.ok) return
      successful++
      addTo(brokers, result.brokerName)
    },
    snapshot: () => ({
      total,
      successful,
      failed: total - successful,
      strategies: Object.fromEntries(strategies),
      brokers: Object.fromEntries(brokers),
    }),
    reset: () => {
      total = 0
      successful = 0
      strategies.clear()
      brokers.clear()
    },
  }
}
