import type { Flight } from './flight.ts'

export interface AirportDelay {
  readonly airport: string
  readonly flights: number
  /** Minutes. */
  readonly averageDelay: number
}

/** The average delay of each airport, from what was received. */
export const createDelays = () => {
  const sums = new Map<string, { flights: number; minutes: number }>()
  return {
    add: ({ origin, delay }: Flight): void => {
      const { flights, minutes } = sums.get(origin) ?? { flights: 0, minutes: 0 }
      sums.set(origin, { flights: flights + 1, minutes: minutes + delay })
    },
    /** The worst of those with enough flights for an average to mean something. */
    worst: (count: number, leastFlights: number): readonly AirportDelay[] =>
      [...sums]
        .filter(([, { flights }]) => flights >= leastFlights)
        .map(([airport, { flights, minutes }]) => ({ airport, flights, averageDelay: minutes / flights }))
        .sort((a, b) => b.averageDelay - a.averageDelay)
        .slice(0, count),
  }
}
