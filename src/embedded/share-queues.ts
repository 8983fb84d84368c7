import type { MessageQueue } from '../protocol/bodies/routes.ts'

/** Which of `queues` the member at `index` of `members` gets, by position. */
type Share = (queues: number, index: number, members: number) => readonly number[]

/** Official brokers know these two ways to share out. */
const SHARES: Readonly<Record<string, Share>> = {
  AVG: (queues, index, members) => {
    const size = Math.floor(queues / members)
    const rest = queues % members // one more for each of the first
    return range(index * size + Math.min(index, rest), size + (index < rest ? 1 : 0))
  },
  AVG_BY_CIRCLE: (queues, index, members) =>
    range(0, Math.max(0, Math.ceil((queues - index) / members))).map(round => index + round * members),
}

/** What `self` gets of sorted queues among sorted members; undefined when there is no such strategy. */
export const shareQueues = (
  strategy: string,
  queues: readonly MessageQueue[],
  members: readonly string[],
  self: string,
): readonly MessageQueue[] | undefined => {
  const share = shareNamed(strategy)
  const index = members.indexOf(self)
  if (share === undefined || index < 0) return share && []
  return at(queues, share(queues.length, index, members.length))
}

/**
 * The same for who pops: queues may be popped by several, so each gets those of the next `others` members as well. All may
 * pop from all where no number is set or there are not so many others: a broker is then named once, with queue -1.
 */
export const shareToPop = (
  strategy: string,
  queues: readonly MessageQueue[],
  members: readonly string[],
  self: string,
  others: number,
): readonly MessageQueue[] | undefined => {
  const share = shareNamed(strategy)
  const index = members.indexOf(self)
  if (share === undefined || index < 0) return share && []
  if (others <= 0 || others >= members.length - 1) return anyOfEachBroker(queues)
  if (members.length > queues.length) return at(queues, [index % queues.length])
  const shares = range(0, others + 1).map(n => share(queues.length, (index + n) % members.length, members.length))
  return at(queues, shares.flat())
}

const shareNamed = (strategy: string): Share | undefined =>
  Object.hasOwn(SHARES, strategy) ? SHARES[strategy] : undefined

const at = (queues: readonly MessageQueue[], positions: readonly number[]): readonly MessageQueue[] =>
  positions.flatMap(position => queues[position] ?? [])

const anyOfEachBroker = (queues: readonly MessageQueue[]): readonly MessageQueue[] => {
  const byBroker = new Map(queues.map(queue => [queue.brokerName, { ...queue, queueId: -1 }]))
  return [...byBroker.values()]
}

const range = (start: number, length: number): readonly number[] => Array.from({ length }, (_, n) => start + n)
