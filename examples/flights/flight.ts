import { readFile } from 'node:fs/promises'
import { message } from 'rocketmq-rxjs'
import type { Topic } from 'rocketmq-rxjs'

/** A departure of early 2001, from the on-time records of the U.S. Bureau of Transportation Statistics. */
export interface Flight {
  /** Its place in the file, which is in the order of time. */
  readonly no: number
  readonly date: string
  /** Minutes; negative when it was early. */
  readonly delay: number
  /** Miles. */
  readonly distance: number
  readonly origin: string
  readonly destination: string
}

const FILE = new URL('../../examples/data/flights-20k.json', import.meta.url)

export const readFlights = async (): Promise<readonly Flight[]> => {
  const rows = JSON.parse(await readFile(FILE, 'utf8')) as readonly Omit<Flight, 'no'>[]
  return rows.map((row, index) => ({ no: index + 1, ...row }))
}

/** By these tags consumers choose what they want to see. */
export const TAGS = ['early', 'on-time', 'late'] as const

const tagOf = (delay: number): (typeof TAGS)[number] => (delay < 0 ? 'early' : delay < 15 ? 'on-time' : 'late')

/** A flight as a message: the flights of one airport share a queue, so they stay in order. */
export const toMessage = (topic: Topic<string, Flight>) => (flight: Flight) =>
  message(topic, flight, {
    shardKey: flight.origin,
    tag: tagOf(flight.delay),
    keys: [`flight-${flight.no}`, `${flight.origin}-${flight.destination}`],
  })
