import type { Flight } from './flight.ts'

/** Whether the flights of each airport are seen in the order in which they left. */
export const createOrderCheck = () => {
  const latest = new Map<string, number>() // airport ⇒ number of its latest flight
  let outOfOrder = 0
  return {
    see: ({ origin, no }: Flight): void => {
      if (no < (latest.get(origin) ?? 0)) outOfOrder++
      else latest.set(origin, no)
    },
    outOfOrder: (): number => outOfOrder,
    airports: (): number => latest.size,
  }
}
