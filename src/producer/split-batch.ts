import { batchMemberBytes } from '../protocol/messages/client-batch.ts'
import type { Outgoing } from './outgoing.ts'

export interface BatchLimits {
  readonly maxBytes: number
  readonly maxCount: number
}

/** Positions of messages in the batch they were given as. */
export type Positions = readonly number[]

/** What a record of the broker has besides body and properties: its own fields, addresses, and what the broker adds. */
const RECORD_BYTES = 200

/** What one message of a batch may take in the broker's store, which bounds a batch by what it stores. */
export const storedBytesOf = ({ topic, body, properties }: Outgoing): number =>
  batchMemberBytes({ body, propertiesText: properties }) + topic.length + RECORD_BYTES

/**
 * Which messages travel together: a group for each queue that sharding keys lead to and one for those without a key, each
 * cut into requests within the limits. A group keeps the order of its messages; one that is too large travels alone.
 */
export const splitBatch = (
  members: readonly Outgoing[],
  { maxBytes, maxCount }: BatchLimits,
  queueOf: (shardKey: string) => number,
): readonly (readonly Positions[])[] => {
  const groups = new Map<number | undefined, { readonly requests: number[][]; bytes: number }>()
  members.forEach((member, position) => {
    const { shardKey } = member
    const queue = shardKey === undefined || shardKey === '' ? undefined : queueOf(shardKey)
    const bytes = storedBytesOf(member)
    const group = groups.get(queue)
    const last = group?.requests.at(-1)
    if (group === undefined || last === undefined) {
      groups.set(queue, { requests: [[position]], bytes })
    } else if (last.length >= maxCount || group.bytes + bytes > maxBytes) {
      group.requests.push([position])
      group.bytes = bytes
    } else {
      last.push(position)
      group.bytes += bytes
    }
  })
  return [...groups.values()].map(({ requests }) => requests)
}
