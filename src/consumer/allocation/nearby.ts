import { illegal } from '../../errors.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import type { Allocate } from './allocate.ts'

/** Where brokers and members stand. Every member must come to the same. */
export interface Rooms {
  /** The room of a queue's broker, never empty. */
  readonly ofQueue: (queue: QueueRef) => string
  /** The room of a member by its client id, never empty. */
  readonly ofMember: (clientId: string) => string
}

/**
 * MACHINE_ROOM_NEARBY: queues go to the members of their own room; those of rooms without members to all members. How
 * they are shared there is another rule's. (`AllocateMachineRoomNearby`)
 */
export const allocateNearby =
  (rooms: Rooms, inner: Allocate): Allocate =>
  (queues, members, self) => {
    if (!members.includes(self)) return []
    const own = roomed(self, rooms.ofMember(self))
    const queuesByRoom = byRoom(queues, queue => roomed(queue.brokerName, rooms.ofQueue(queue)))
    const membersByRoom = byRoom(members, id => roomed(id, rooms.ofMember(id)))
    const deserted = [...queuesByRoom.keys()].filter(room => !membersByRoom.has(room)).sort() // by UTF-16 unit, as Java
    return [
      ...sharedBy(inner, queuesByRoom.get(own), membersByRoom.get(own) ?? [], self),
      ...deserted.flatMap(room => sharedBy(inner, queuesByRoom.get(room), members, self)),
    ]
  }

const sharedBy = (
  inner: Allocate,
  queues: readonly QueueRef[] = [],
  members: readonly string[],
  self: string,
): readonly QueueRef[] => (queues.length === 0 ? [] : inner(queues, members, self))

const roomed = (whose: string, room: unknown): string => {
  if (typeof room === 'string' && room !== '') return room
  throw illegal(`the rule of allocation knows no machine room of "${whose}": expected a text`)
}

const byRoom = <T>(all: readonly T[], roomOf: (one: T) => string): ReadonlyMap<string, readonly T[]> => {
  const rooms = new Map<string, T[]>()
  for (const one of all) {
    const room = roomOf(one)
    const known = rooms.get(room)
    if (known === undefined) rooms.set(room, [one])
    else known.push(one)
  }
  return rooms
}
