import type { BrokerOutcome } from '../client/route-coordinator.ts'

/** So many outcomes of one kind in a row that a client saw at a broker. */
export interface OutcomeRun extends BrokerOutcome {
  readonly count: number
}

/** What one coordinator tells the others at once. */
export interface ToldOutcomes {
  /** Who tells: its own messages come back to it. */
  readonly from: string
  /** Rises with each message of that teller. */
  readonly no: number
  readonly runs: readonly OutcomeRun[]
}

/** Runs in one message; of more the oldest brokers are not told. */
export const MOST_RUNS = 64
/** Outcomes in a run: more in a row mean no more than that. */
export const LONGEST_RUN = 16
/** Of a message that is read at all. */
const MOST_BYTES = 262_144
export const LONGEST_NAME = 255
const VERSION = 1

/** As JSON with a version, so that coordinators of different releases can share a topic. */
export const writeOutcomes = ({ from, no, runs }: ToldOutcomes): string =>
  JSON.stringify({ v: VERSION, from, no, runs })

/** Anything may come from a topic: what these are not is said in words that go on after "it". */
export const readOutcomes = (body: Uint8Array): ToldOutcomes | string => {
  if (body.length > MOST_BYTES) return `has ${body.length} bytes, the limit is ${MOST_BYTES}`
  const { v, from, no, runs }: Readonly<Record<string, unknown>> = objectOf(Buffer.from(body).toString())
  if (v === undefined) return 'is no JSON with a version'
  if (v !== VERSION) return 'is of a version that is not known here'
  if (!isName(from) || !isWhole(no, Number.MAX_SAFE_INTEGER)) return 'is malformed'
  if (!Array.isArray(runs) || runs.length > MOST_RUNS || !runs.every(isRun)) return 'is malformed'
  // only what is known: a release of the same version may say more
  return { from, no, runs: runs.map(({ clientId, brokerName, ok, count }) => ({ clientId, brokerName, ok, count })) }
}

const objectOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>
  } catch {
    return {} // says no version
  }
}

const isName = (given: unknown): given is string =>
  typeof given === 'string' && given.length > 0 && given.length <= LONGEST_NAME

const isWhole = (given: unknown, most: number): given is number =>
  Number.isInteger(given) && Number(given) >= 1 && Number(given) <= most

const isRun = (given: unknown): given is OutcomeRun => {
  const { clientId, brokerName, ok, count }: Readonly<Record<string, unknown>> = Object(given) as object as never
  return isName(clientId) && isName(brokerName) && typeof ok === 'boolean' && isWhole(count, LONGEST_RUN)
}
