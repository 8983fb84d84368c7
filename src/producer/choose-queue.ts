import { expectedLatency } from '../client/broker-counts.ts'
import type { HealthView } from '../client/health.ts'
import { fnv1a, queueIndexByHash } from '../protocol/hashes.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import { leastReluctance, reluctance } from './preference.ts'
import type { Preference } from './preference.ts'
import type { QueueHash, Selection } from './selection.ts'

/** What the choice of a queue depends on. */
export interface Choice extends Preference {
  /** Sorted by broker name and queue id. */
  readonly queues: readonly MessageQueue[]
  /** Where the rotation points: any integer. */
  readonly cursor: number
  readonly random: () => number
  /** When the attempt is made, ms. */
  readonly at: number
}

/** The place of the queue that a key leads to: always the same, whatever failed. */
export const placeOfKey = (key: string, queues: number, hash: QueueHash): number =>
  hash === 'java' ? queueIndexByHash(key, queues) : fnv1a(key) % queues

/**
 * The place of the next queue: an integer, to be taken modulo the number of queues. The rotation goes on behind it, so
 * that queues that are passed over do not give their turns to one neighbour. Never called without queues.
 */
export const chosenPlace = (selection: Selection, choice: Choice): number => {
  switch (selection) {
    case 'round-robin':
      return nextPlace(choice, leastReluctance(choice.queues, choice))
    case 'random':
    case 'message-hash': // without a key
      return anyPlace(choice)
    case 'least-latency':
      return soonestPlace(choice)
    case 'weighted':
      return weighedPlace(choice)
  }
}

/** `index` may be negative or beyond the end. */
export const queueAt = (queues: readonly MessageQueue[], index: number): MessageQueue => {
  const queue = queues[((index % queues.length) + queues.length) % queues.length]
  if (queue === undefined) throw new RangeError('a choice needs at least one queue')
  return queue
}

/** The queues that are asked no more reluctantly than so. */
export const queuesUpTo = (choice: Choice, most: number): readonly MessageQueue[] =>
  choice.queues.filter(({ brokerName }) => reluctance(brokerName, choice) <= most)

const nextPlace = (choice: Choice, most: number): number => {
  const { queues, cursor, health, tried } = choice
  if (health.allWell && tried.size === 0) return cursor
  for (let step = 0; step < queues.length; step++) {
    if (reluctance(queueAt(queues, cursor + step).brokerName, choice) <= most) return cursor + step
  }
  return cursor
}

/** 0 ≤ index < count, also for a `random` that is not quite what it should be. */
const diced = (random: () => number, count: number): number => Math.min(count - 1, Math.floor(random() * count))

const anyPlace = (choice: Choice): number => {
  const { queues, health, tried, random } = choice
  if (health.allWell && tried.size === 0) return diced(random, queues.length)
  const fit = queuesUpTo(choice, leastReluctance(queues, choice))
  return queues.indexOf(queueAt(fit, diced(random, fit.length)))
}

/** A broker that was not measured for long is expected to have become quicker, so that it is asked again some day. */
const soonestPlace = (choice: Choice): number => {
  const { queues, health, at } = choice
  const fit = queuesUpTo(choice, leastReluctance(queues, choice))
  const latencies = new Map<string, number>()
  for (const { brokerName } of fit) {
    if (!latencies.has(brokerName)) latencies.set(brokerName, latencyOf(health, brokerName, at))
  }
  const least = Math.min(...latencies.values())
  return passing(choice, ({ brokerName }) => latencies.get(brokerName) === least)
}

const latencyOf = (health: HealthView, brokerName: string, at: number): number => {
  const known = health.of(brokerName)
  return known === undefined ? 0 : expectedLatency(known, at)
}

/** The next queue of the rotation that passes. */
const passing = ({ queues, cursor }: Choice, passes: (queue: MessageQueue) => boolean): number => {
  for (let step = 0; step < queues.length; step++) if (passes(queueAt(queues, cursor + step))) return cursor + step
  return cursor
}

/** Brokers that are not well take part, seldom: what is asked nothing cannot show that it is well. */
const weighedPlace = (choice: Choice): number => {
  const { queues, random } = choice
  const fit = queuesUpTo(choice, Math.max(1, leastReluctance(queues, choice)))
  const weights = fit.map(({ brokerName }) => weightOf(choice.health, brokerName))
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
  const index = weights.findIndex(weight => (left -= weight) < 0)
  return queues.indexOf(queueAt(fit, index)) // -1, by a rounding: the last
}

const WEIGHTS = [1, 0.2, 0.05, 0.05] as const

/** Of a queue, by its broker: healthy 1, degraded but mostly good up to 0.5, else little. */
const weightOf = (health: HealthView, brokerName: string): number => {
  const known = health.of(brokerName)
  if (known === undefined) return 1
  return known.rank === 0 && known.state === 'degraded' ? known.successRate / 2 : WEIGHTS[known.rank]
}
