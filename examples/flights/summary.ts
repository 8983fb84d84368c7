import { barChart } from './bar-chart.ts'
import type { AirportDelay } from './delays.ts'
import type { Balance } from './ledger.ts'
import { count } from './words.ts'

/** How it went. */
export interface Outcome extends Balance {
  readonly outOfOrder: number
  readonly airports: number
  readonly seconds: number
  readonly target: 'embedded' | 'cluster'
}

/** A duplicate breaks no promise of at-least-once delivery; anything else does. */
export const isFlawless = ({ lost, corrupted, outOfOrder }: Outcome): boolean => lost + corrupted + outOfOrder === 0

export const summary = (outcome: Outcome, worst: readonly AirportDelay[]): readonly string[] => {
  const { sent, received, lost, duplicated, corrupted, checksums, outOfOrder, airports, seconds } = outcome
  const perSecond = count(Math.round((sent + received) / Math.max(seconds, 0.001)))
  return [
    `in         ${count(sent)} flights sent, checksum ${checksums.sent}`,
    `out        ${count(received)} flights received, checksum ${checksums.received}`,
    `           ${lost} lost, ${duplicated} duplicated, ${corrupted} corrupted`,
    `order      ${outOfOrder} of ${airports} airports' flights out of order`,
    `time       ${seconds.toFixed(1)} s, ${perSecond} messages/s in and out together`,
    '',
    ...(worst.length === 0 ? [] : ['Worst average delay, of airports with 20 flights or more:', ...delayChart(worst)]),
  ]
}

const delayChart = (worst: readonly AirportDelay[]): readonly string[] =>
  barChart(
    worst.map(({ airport, averageDelay, flights }) => ({
      label: airport,
      value: averageDelay,
      note: `${averageDelay.toFixed(1).padStart(5)} min  ${flights} flights`,
    })),
  )

/** The line that programs read. */
export const jsonLine = ({ sent, received, lost, duplicated, outOfOrder, seconds, target }: Outcome): string =>
  JSON.stringify({ sent, received, lost, duplicated, outOfOrder, seconds: Number(seconds.toFixed(3)), target })
