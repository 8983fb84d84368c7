import { checkedInt, oneOf } from '../../client/checks.ts'
import { expected, isFunction, isListOf, isText } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import type { QueueRef } from '../../messages/offsets.ts'
import { compareQueues } from '../../protocol/bodies/routes.ts'
import { isQueueRef } from '../queues/queue-refs.ts'
import { allocateAveragely, sortedMembers } from './allocate.ts'
import type { Allocate } from './allocate.ts'
import { allocateByCircle } from './circle.ts'
import { allocateByConfig } from './config.ts'
import { allocateByConsistentHash, VIRTUAL_NODES } from './consistent-hash.ts'
import { allocateByMachineRoom } from './machine-room.ts'
import { allocateNearby } from './nearby.ts'
import type { Rooms } from './nearby.ts'
import { ownRule } from './own-rule.ts'

/** The named queues and no others. Members share nothing out: that every queue is somebody's is up to you. */
export interface ByConfig {
  /** Of all topics. The retry topic of the group is shared out evenly unless queues of it are named. */
  readonly config: readonly QueueRef[]
}

/** As `consistent-hash`, with another number of points for each member. */
export interface ByConsistentHash {
  /** Points of a member on the ring, the same for all members. Default 10, as Java's. 1 to 10,000. */
  readonly virtualNodes: number
}

/** Only queues of brokers that are named `room@broker`, of these rooms. Queues of all others are nobody's. */
export interface ByMachineRoom {
  /** Names of the rooms, the same for all members. */
  readonly machineRooms: readonly string[]
}

/** Queues go to members of their own room; those of rooms without members to all. */
export interface ByNearness {
  /** Where brokers and members are. */
  readonly nearby: Rooms
  /** How queues are shared out within a room. Default `average`. */
  readonly inner?: AllocateOption
}

/**
 * How the queues of a topic are shared out among the members of a group; all of them must be told the same. `average`:
 * runs of neighbouring queues. `circle`: one by one in turn. `consistent-hash`: few queues move when a member comes or
 * goes. A function of your own is checked: what it throws, and what is not a list of its queues, fails that one round.
 */
export type AllocateOption =
  'average' | 'circle' | 'consistent-hash' | ByConfig | ByConsistentHash | ByMachineRoom | ByNearness | Allocate

/** A rule of allocation, whatever order its queues and members come in, and what it is called on the wire. */
export interface AllocationRule {
  /** As Java's `getName()`; a function of one's own is `CUSTOM`. Brokers know only `AVG` and `AVG_BY_CIRCLE`. */
  readonly wireName: string
  readonly allocate: Allocate
}

const AVERAGE: AllocationRule = { wireName: 'AVG', allocate: allocateAveragely }

const NAMED = {
  average: AVERAGE,
  circle: { wireName: 'AVG_BY_CIRCLE', allocate: allocateByCircle },
  'consistent-hash': { wireName: 'CONSISTENT_HASH', allocate: allocateByConsistentHash() },
} as const satisfies Record<string, AllocationRule>

type Name = keyof typeof NAMED
const NAMES = Object.keys(NAMED) as readonly Name[]

/** Complete and checked; what is no rule is ERR_RMQ_ILLEGAL and names itself. `undefined` means `average`. */
export const resolveAllocate = (given: AllocateOption | undefined, name = 'allocate'): AllocationRule => {
  const { wireName, allocate } = ruleOf(given, name)
  return {
    wireName,
    allocate: (queues, members, self) => allocate([...queues].sort(compareQueues), sortedMembers(members), self),
  }
}

const ruleOf = (given: AllocateOption | undefined, name: string): AllocationRule => {
  if (given === undefined) return AVERAGE
  if (typeof given === 'function') return { wireName: 'CUSTOM', allocate: ownRule(given) }
  if (typeof given !== 'object' || (given as unknown) === null) {
    return NAMED[oneOf(name, given as Name, 'average', NAMES, ', a function or an object')]
  }
  if ('config' in given) return configured(given, name)
  if ('machineRooms' in given) return ofRooms(given, name)
  if ('nearby' in given) return nearest(given, name)
  if ('virtualNodes' in given) return hashed(given, name)
  expected(name, given, false, 'one with config, machineRooms, nearby or virtualNodes')
  return AVERAGE
}

const configured = (given: ByConfig, name: string): AllocationRule => {
  checkNames(name, given, { config: 0 })
  const isRight = isListOf(given.config, isQueueRef)
  expected(`${name}.config`, given.config, isRight, 'a list of queues: topic, brokerName and queueId')
  return { wireName: 'CONFIG', allocate: allocateByConfig(isRight ? given.config : []) }
}

const ofRooms = (given: ByMachineRoom, name: string): AllocationRule => {
  checkNames(name, given, { machineRooms: 0 })
  const isRight = isListOf(given.machineRooms, room => isText(room) && room !== '')
  expected(`${name}.machineRooms`, given.machineRooms, isRight, 'a list of names')
  return { wireName: 'MACHINE_ROOM', allocate: allocateByMachineRoom(isRight ? given.machineRooms : []) }
}

const nearest = (given: ByNearness, name: string): AllocationRule => {
  checkNames(name, given, { nearby: 0, inner: 0 })
  const { ofQueue, ofMember }: Partial<Rooms> = Object(given.nearby) as Partial<Rooms> // anything may come from JavaScript
  expected(`${name}.nearby.ofQueue`, ofQueue, isFunction(ofQueue), 'a function')
  expected(`${name}.nearby.ofMember`, ofMember, isFunction(ofMember), 'a function')
  const inner = ruleOf(given.inner, `${name}.inner`)
  return { wireName: `MACHINE_ROOM_NEARBY-${inner.wireName}`, allocate: allocateNearby(given.nearby, inner.allocate) }
}

const hashed = (given: ByConsistentHash, name: string): AllocationRule => {
  checkNames(name, given, { virtualNodes: 0 })
  const virtualNodes = checkedInt(`${name}.virtualNodes`, given.virtualNodes, VIRTUAL_NODES, [1, 10_000])
  return { wireName: NAMED['consistent-hash'].wireName, allocate: allocateByConsistentHash(virtualNodes) }
}
