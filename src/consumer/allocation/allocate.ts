import type { QueueRef } from '../../messages/offsets.ts'

/**
 * Shares the queues of a topic out among the members of a group: what of `queues` the member `self` gets. Every member
 * computes it for itself from the same queues, ordered by broker name and id, and the same member ids, ordered by UTF-16
 * units; so all must come to the same, and each queue must be given to one of them.
 */
export type Allocate = (queues: readonly QueueRef[], members: readonly string[], self: string) => readonly QueueRef[]

/**
 * AVG, the default of all official clients: queues are dealt to members in runs of equal length, the first members get
 * one more. Nothing for who is not a member. (`AllocateMessageQueueAveragely`)
 */
export const allocateAveragely: Allocate = (queues, members, self) => {
  const index = members.indexOf(self)
  if (index < 0 || queues.length === 0) return []
  const rest = queues.length % members.length
  const size = queues.length <= members.length ? 1 : Math.floor(queues.length / members.length) + (index < rest ? 1 : 0)
  const start = rest > 0 && index < rest ? index * size : index * size + rest
  return queues.slice(start, start + Math.min(size, queues.length - start))
}

/** Members in the order that every client agrees on: by UTF-16 code units, as Java sorts strings. */
export const sortedMembers = (ids: readonly string[]): readonly string[] =>
  [...new Set(ids)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
