import { withoutTrailing } from '../../protocol/without-trailing.ts'
import type { Allocate } from './allocate.ts'

/**
 * MACHINE_ROOM: only queues of brokers named `room@broker` whose room is listed, all others are left to nobody. They are
 * dealt in runs of equal length, and what remains one by one. (`AllocateMessageQueueByMachineRoom`)
 */
export const allocateByMachineRoom = (rooms: readonly string[]): Allocate => {
  const listed = new Set(rooms)
  return (queues, members, self) => {
    const index = members.indexOf(self)
    if (index < 0) return []
    const ours = queues.filter(({ brokerName }) => listed.has(roomOf(brokerName) ?? ''))
    const size = Math.floor(ours.length / members.length)
    const dealt = size * members.length
    return [...ours.slice(size * index, size * (index + 1)), ...ours.slice(dealt).slice(index, index + 1)]
  }
}

/** What stands before the one `@` of a broker's name. Java's `split` does not see empty parts at the end. */
const roomOf = (brokerName: string): string | undefined => {
  const [room, ...rest] = withoutTrailing(brokerName, '@').split('@')
  return rest.length === 1 ? room : undefined
}
