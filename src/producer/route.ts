import { illegal, isRocketError, notConnected, routeNotFound } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import { chosenPlace, placeOfKey, queueAt, queuesUpTo } from './choose-queue.ts'
import type { Choice } from './choose-queue.ts'
import type { Outgoing } from './outgoing.ts'
import { leastReluctance } from './preference.ts'
import type { QueueHash, QueueSelector, Select, Selection, SelectionContext } from './selection.ts'
import type { Board } from './board.ts'

/** By what a queue was found: `queue` is the one that was asked for, `sharding-key` the one of the key. */
export type Strategy = Selection | 'custom' | 'queue' | 'sharding-key'

/** Where one attempt of a message goes, or why nowhere. */
export type RoutingResult =
  | {
      readonly ok: true
      readonly queue: QueueRef
      readonly brokerName: string
      /** `host:port` of the broker's master. */
      readonly address: string
      readonly strategy: Strategy
      /** No other queue will do: a repeat goes to the same. */
      readonly fixed: boolean
      /** Where the rotation of the topic points now. */
      readonly cursor: number
    }
  | {
      readonly ok: false
      readonly error: RocketError
      readonly strategy: Strategy
      /** Found, but its broker has no address. */
      readonly queue: QueueRef | undefined
      readonly cursor: number
    }

/** What routing depends on. */
export interface RoutingInput extends Choice {
  readonly board: Pick<Board, 'masterOf' | 'route'>
  readonly outgoing: Pick<Outgoing, 'topic' | 'shardKey' | 'message' | 'body'>
  /** A strategy, or the very queue. */
  readonly select: Select | QueueRef
  readonly hash: QueueHash
}

/** Pure, if the selector and `random` are; never throws. Queues that may be written, strategy, master of the broker. */
export const route = (input: RoutingInput): RoutingResult => {
  const { board, queues, cursor } = input
  const strategy = strategyOf(input)
  try {
    if (queues.length === 0) {
      const error = routeNotFound(input.outgoing.topic, 'none of its queues may be written')
      return { ok: false, error, strategy, queue: undefined, cursor }
    }
    const place = placeOf(strategy, input)
    const queue = queueAt(queues, place)
    const { brokerName } = queue
    const address = board.masterOf(brokerName)
    const rotated = strategy === 'round-robin' || strategy === 'least-latency' ? place + 1 : cursor
    if (address === undefined) {
      const error = notConnected(brokerName, new Error('it has no master'))
      return { ok: false, error, strategy, queue, cursor: rotated }
    }
    const fixed = strategy === 'sharding-key' || strategy === 'queue' || (strategy === 'message-hash' && hasKey(input))
    return { ok: true, queue, brokerName, address, strategy, fixed, cursor: rotated }
  } catch (cause) {
    return { ok: false, error: unchosen(input.outgoing.topic, cause), strategy, queue: undefined, cursor }
  }
}

const strategyOf = ({ select, outgoing: { shardKey } }: RoutingInput): Strategy => {
  if (typeof select === 'object') return 'queue'
  if (typeof select === 'function') return 'custom'
  return shardKey !== undefined && shardKey !== '' ? 'sharding-key' : select
}

const placeOf = (strategy: Strategy, input: RoutingInput): number => {
  const { queues, outgoing, select, hash } = input
  if (typeof select === 'object') return indexOf(queues, select)
  if (typeof select === 'function') return indexOf(queues, selected(select, input))
  if (strategy === 'sharding-key') return placeOfKey(outgoing.shardKey ?? '', queues.length, hash)
  const key = select === 'message-hash' ? firstKey(input) : undefined
  return key === undefined ? chosenPlace(select, input) : placeOfKey(key, queues.length, hash)
}

const firstKey = ({ outgoing: { message } }: RoutingInput): string | undefined => message?.keys?.find(key => key !== '')
const hasKey = (input: RoutingInput): boolean => firstKey(input) !== undefined

const selected = (select: QueueSelector, input: RoutingInput): QueueRef => {
  const { board, queues, outgoing, health, tried } = input
  const context: SelectionContext = {
    topic: outgoing.topic,
    queues,
    preferred: queuesUpTo(input, leastReluctance(queues, input)),
    message: outgoing.message,
    bodyBytes: outgoing.body.length,
    health: health.table(),
    route: board.route,
    tried,
  }
  const queue: unknown = select(context)
  if (isQueue(queue)) return queue
  throw illegal(`the selector of topic "${outgoing.topic}" gave no queue, but ${kindOf(queue)}`)
}

const isQueue = (given: unknown): given is QueueRef =>
  typeof given === 'object' &&
  given !== null &&
  'brokerName' in given &&
  typeof given.brokerName === 'string' &&
  'queueId' in given
const kindOf = (given: unknown): string =>
  given === null ? 'null' : typeof given === 'object' ? 'an object' : typeof given

const indexOf = (queues: readonly MessageQueue[], { brokerName, queueId }: QueueRef): number => {
  const index = queues.findIndex(queue => queue.brokerName === brokerName && queue.queueId === queueId)
  if (index >= 0) return index
  const topic = queues[0]?.topic ?? ''
  const wanted = queueKey({ topic, brokerName: brokerName.slice(0, 255), queueId })
  throw illegal(`${wanted} is not a queue that may be written: topic "${topic}" has ${queues.length} of them`)
}

const unchosen = (topic: string, cause: unknown): RocketError =>
  isRocketError(cause)
    ? cause
    : illegal(
        `the queue of a message to "${topic}" could not be chosen: ${cause instanceof Error ? cause.message : String(cause)}`,
        {
          cause,
          topic,
          advice: 'fix the selector',
        },
      )
