import type { BrokerOutcome } from '../client/route-coordinator.ts'
import { LONGEST_NAME, LONGEST_RUN, MOST_RUNS } from './outcome-message.ts'
import type { OutcomeRun } from './outcome-message.ts'

/** What waits to be told: of each client and broker the last run of one kind, for an outcome ends the runs of the other. */
export interface GatheredOutcomes {
  /** False when there was no room: so many others wait. */
  add(outcome: BrokerOutcome): boolean
  isEmpty(): boolean
  /** All of them, oldest first; then there are none. */
  take(): readonly OutcomeRun[]
}

export const createGatheredOutcomes = (): GatheredOutcomes => {
  let runs = new Map<string, OutcomeRun>()
  return {
    add: ({ brokerName, ok, ...outcome }) => {
      const clientId = outcome.clientId.slice(0, LONGEST_NAME) // its user chose it; who reads it only compares it
      const key = JSON.stringify([clientId, brokerName])
      const known = runs.get(key)
      if (known === undefined && runs.size >= MOST_RUNS) return false
      const count = known?.ok === ok ? Math.min(known.count + 1, LONGEST_RUN) : 1
      runs.set(key, { clientId, brokerName, ok, count })
      return true
    },
    isEmpty: () => runs.size === 0,
    take: () => {
      const taken = [...runs.values()]
      runs = new Map()
      return taken
    },
  }
}
