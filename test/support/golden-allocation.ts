import { expect } from 'vitest'
import { sortedMembers } from '../../src/consumer/allocation/allocate.ts'
import { resolveAllocate } from '../../src/consumer/allocation/allocate-option.ts'
import type { AllocateOption } from '../../src/consumer/allocation/allocate-option.ts'
import { shareToPop } from '../../src/embedded/share-queues.ts'
import { javaHash, ringHash } from '../../src/protocol/hashes.ts'
import { compareQueues, queueText } from '../../src/protocol/bodies/routes.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import type { Handlers, Vector } from './golden.ts'

interface AllocationVector extends Vector {
  readonly input: {
    readonly strategy: string
    readonly topic: string
    /** `broker:id broker:id` */
    readonly queues: string
    readonly consumers: readonly string[]
    readonly configured?: string | null
    readonly rooms?: readonly string[]
    readonly virtualNodes?: number
    readonly popShareQueueNum?: number
  }
  readonly expect: Readonly<Record<string, string | null | { readonly error: string }>>
}

const queuesOf = (texts: string, topic: string): readonly MessageQueue[] =>
  texts
    .split(' ')
    .filter(text => text !== '')
    .map(text => {
      const colon = text.lastIndexOf(':')
      return { topic, brokerName: text.slice(0, colon), queueId: Number(text.slice(colon + 1)) }
    })

const textOf = (queues: readonly Pick<MessageQueue, 'brokerName' | 'queueId'>[] | undefined): string | undefined =>
  queues?.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`).join(' ')

const beforeAt = (text: string): string => text.slice(0, text.indexOf('@'))

const NAMED: Readonly<Record<string, AllocateOption>> = {
  AVG: 'average',
  AVG_BY_CIRCLE: 'circle',
  CONSISTENT_HASH: 'consistent-hash',
}

/** How a user asks for what the vector was made with. */
const optionOf = ({ input }: AllocationVector): AllocateOption => {
  const { strategy, topic, configured, rooms, virtualNodes } = input
  const [, inner] = strategy.split('NEARBY-')
  if (inner !== undefined) {
    return { nearby: { ofQueue: queue => beforeAt(queue.brokerName), ofMember: beforeAt }, inner: named(inner) }
  }
  if (configured !== undefined) return { config: configured === null ? (null as never) : queuesOf(configured, topic) }
  if (rooms !== undefined) return { machineRooms: rooms }
  return virtualNodes === undefined ? named(strategy) : { virtualNodes }
}

const named = (strategy: string): AllocateOption => {
  const option = NAMED[strategy]
  if (option === undefined) throw new Error(`nobody allocates by ${strategy}`)
  return option
}

const checkAllocation = (vector: Vector): void => {
  const { input, expect: official } = vector as AllocationVector
  const { strategy, topic, queues, consumers, configured } = input
  if (configured === null) {
    // the official rule gives no list at all; ours is refused when it is made
    expect(() => resolveAllocate(optionOf(vector as AllocationVector))).toThrow('allocate.config is null')
    return
  }
  const rule = resolveAllocate(optionOf(vector as AllocationVector))
  expect(rule.wireName).toBe(strategy)
  for (const [self, expected] of Object.entries(official)) {
    const own = textOf(rule.allocate(queuesOf(queues, topic), consumers, self))
    // nothing to share, nobody to share with, nobody who asks: the official rules throw, ours give nothing
    expect(own).toBe(typeof expected === 'string' ? expected : '')
  }
}

const checkPop = (vector: Vector): void => {
  const { input, expect: official } = vector as AllocationVector
  const { strategy, topic, queues, consumers, popShareQueueNum = 0 } = input
  for (const [self, expected] of Object.entries(official)) {
    const own = shareToPop(strategy, queuesOf(queues, topic), consumers, self, popShareQueueNum)
    // queues -1 stand once for each queue of their broker, before the official broker makes a set of them
    expect(textOf(own)).toBe([...new Set((expected as string).split(' '))].join(' '))
  }
}

type QueueParts = readonly [topic: string, brokerName: string, queueId: number]
const queueOfParts = ([topic, brokerName, queueId]: QueueParts): MessageQueue => ({ topic, brokerName, queueId })

const checkQueueOrder = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & Readonly<Record<'input' | 'expect', readonly QueueParts[]>>
  expect(input.map(queueOfParts).sort(compareQueues)).toEqual(official.map(queueOfParts))
}

const checkMemberOrder = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & Readonly<Record<'input' | 'expect', readonly string[]>>
  expect(sortedMembers(input)).toEqual(official)
}

/** Nothing of ours goes by the hash of a queue, but by that of its texts. */
const checkQueueHash = (vector: Vector): void => {
  const { input, expect: official } = vector as Vector & { readonly input: QueueParts; readonly expect: number }
  const [topic, brokerName, queueId] = input
  const hash = [javaHash(brokerName), queueId, javaHash(topic)].reduce(
    (sum, part) => (Math.imul(31, sum) + part) | 0,
    1,
  )
  expect(hash).toBe(official)
}

export const handlers: Handlers = {
  allocate: checkAllocation,
  'allocate/pop': checkPop,
  'allocate/sort/queues': checkQueueOrder,
  'allocate/sort/client-ids': checkMemberOrder,
  'allocate/queue-text': vector => {
    expect(queueText(queueOfParts(vector['input'] as QueueParts))).toBe(vector['expect'])
  },
  'allocate/ring-hash': vector => {
    expect(String(ringHash(vector['input'] as string))).toBe(vector['expect'])
  },
  'allocate/queue-hash': checkQueueHash,
}
