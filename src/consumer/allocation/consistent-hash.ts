import { ringHash } from '../../protocol/hashes.ts'
import { queueText } from '../../protocol/bodies/routes.ts'
import type { Allocate } from './allocate.ts'

/** Of the official client. */
export const VIRTUAL_NODES = 10

/**
 * CONSISTENT_HASH: each member stands at several points of a ring, and a queue belongs to the first point at or behind
 * its own. When a member comes or goes only queues of its neighbours move. (`AllocateMessageQueueConsistentHash`; the Go
 * client hashes otherwise, so that groups of both disagree.)
 */
export const allocateByConsistentHash =
  (virtualNodes = VIRTUAL_NODES): Allocate =>
  (queues, members, self) => {
    if (!members.includes(self)) return []
    const ring = ringOf(members, virtualNodes)
    return queues.filter(queue => ownerOf(ringHash(queueText(queue)), ring) === self)
  }

interface Point {
  readonly hash: number
  readonly member: string
}

const ringOf = (members: readonly string[], virtualNodes: number): readonly Point[] => {
  const points = new Map<number, string>() // of two points at one place the later one counts
  for (const member of members) {
    for (let node = 0; node < virtualNodes; node++) points.set(ringHash(`${member}-${node}`), member)
  }
  return [...points].map(([hash, member]) => ({ hash, member })).sort((a, b) => a.hash - b.hash)
}

/** Whose the first point at or behind a place is, by halving; behind the last point the ring begins anew. */
const ownerOf = (hash: number, ring: readonly Point[]): string | undefined => {
  let low = 0
  let high = ring.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ring[middle]?.hash ?? 0) < hash) low = middle + 1
    else high = middle
  }
  return (ring[low] ?? ring[0])?.member
}
