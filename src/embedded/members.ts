import type { ConsumerData } from '../protocol/bodies/bodies.ts'
import { tagCode } from '../protocol/hashes.ts'
import type { Language } from '../protocol/frames/languages.ts'
import type { SubscriptionData } from '../protocol/subscription.ts'
import type { Connection } from './connection.ts'

/** One client in a group, on one connection. Two connections of one client id are two members. */
export interface Member {
  readonly clientId: string
  readonly language: Language | undefined
  readonly version: number
  /** When it sent its last heartbeat, milliseconds since the epoch. */
  readonly seenMs: number
}

/** A consumer group that has members now. Everything but the members is what the latest heartbeat said. */
interface ConsumerGroup {
  readonly members: ReadonlyMap<Connection, Member>
  readonly subscriptions: ReadonlyMap<string, SubscriptionData>
  readonly messageModel: ConsumerData['messageModel']
  readonly consumeType: ConsumerData['consumeType']
  readonly consumeFromWhere: string
}

/** Who is connected, by group: the membership of consumer groups follows connections, not client ids. */
export interface Members {
  /** Takes in a heartbeat; whether the members or the subscribed topics of the group changed. */
  join(connection: Connection, member: Member, data: ConsumerData): boolean
  produce(connection: Connection, member: Member, group: string): void
  /** Whether that connection was a member. */
  leave(connection: Connection, group: string): boolean
  stopProducing(connection: Connection, group: string): void
  /** Takes a closed connection out of everything; the consumer groups that lost it. */
  leaveAll(connection: Connection): readonly string[]
  group(name: string): ConsumerGroup | undefined
  /** The connections of a producer group, in the order they came. */
  producers(group: string): readonly Connection[]
  /** The connection by which a client last announced itself as a producer. */
  producerOf(clientId: string): Connection | undefined
  /** Connections whose last heartbeat of any group is older. */
  silentSince(ms: number): readonly Connection[]
  clear(): void
}

export const createMembers = (): Members => {
  const consumers = new Map<string, ConsumerGroup & { readonly members: Map<Connection, Member> }>()
  const producers = new Map<string, Map<Connection, Member>>()

  const leave = (connection: Connection, group: string): boolean => {
    const members = consumers.get(group)?.members
    if (members?.delete(connection) !== true) return false
    // A group without members has no subscriptions either; its offsets are kept elsewhere.
    if (members.size === 0) consumers.delete(group)
    return true
  }

  const stopProducing = (connection: Connection, group: string): void => {
    const members = producers.get(group)
    members?.delete(connection)
    if (members?.size === 0) producers.delete(group)
  }

  return {
    join: (connection, member, data) => {
      const known = consumers.get(data.groupName)
      const members = known?.members ?? new Map<Connection, Member>()
      const isNew = !members.has(connection)
      const { subscriptions, changed } = merge(known?.subscriptions ?? new Map(), data.subscriptions)
      consumers.set(data.groupName, {
        members: members.set(connection, member),
        subscriptions,
        messageModel: data.messageModel,
        consumeType: data.consumeType,
        consumeFromWhere: data.consumeFromWhere,
      })
      return isNew || changed
    },
    produce: (connection, member, group) => {
      const members = producers.get(group) ?? new Map<Connection, Member>()
      producers.set(group, members.set(connection, member))
    },
    leave,
    stopProducing,
    leaveAll: connection => {
      for (const group of [...producers.keys()]) stopProducing(connection, group)
      return [...consumers.keys()].filter(group => leave(connection, group))
    },
    group: name => consumers.get(name),
    producers: group => [...(producers.get(group)?.keys() ?? [])],
    producerOf: clientId => {
      const own = [...producers.values()].flatMap(members =>
        [...members].filter(([, member]) => member.clientId === clientId),
      )
      return own.reduce<(typeof own)[number] | undefined>(
        (newest, one) => (newest === undefined || one[1].seenMs >= newest[1].seenMs ? one : newest),
        undefined,
      )?.[0]
    },
    silentSince: ms => {
      const seen = new Map<Connection, number>()
      for (const members of [...producers.values(), ...[...consumers.values()].map(group => group.members)]) {
        for (const [connection, { seenMs }] of members) {
          seen.set(connection, Math.max(seenMs, seen.get(connection) ?? 0))
        }
      }
      return [...seen].filter(([, seenMs]) => seenMs < ms).map(([connection]) => connection)
    },
    clear: () => {
      consumers.clear()
      producers.clear()
    },
  }
}

/** The table follows the latest heartbeat: members with unequal subscriptions take each other's topics away. */
const merge = (known: ReadonlyMap<string, SubscriptionData>, latest: readonly SubscriptionData[]) => {
  const subscriptions = new Map<string, SubscriptionData>()
  let changed = false
  for (const subscription of latest) {
    const before = known.get(subscription.topic)
    const isNewer = before === undefined || subscription.subVersion.greaterThan(before.subVersion)
    subscriptions.set(subscription.topic, isNewer ? withOwnHashes(subscription) : before)
    if (before === undefined) changed = true
  }
  if ([...known.keys()].some(topic => !subscriptions.has(topic))) changed = true
  return { subscriptions, changed }
}

/** Go clients hash the UTF-8 bytes of a tag; the hashes of stored messages are Java's, of UTF-16 units. */
const withOwnHashes = (subscription: SubscriptionData): SubscriptionData =>
  subscription.tagsSet.length === 0 ? subscription : { ...subscription, codeSet: subscription.tagsSet.map(tagCode) }
