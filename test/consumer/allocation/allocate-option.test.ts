import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveAllocate } from '../../../src/consumer/allocation/allocate-option.ts'
import type { AllocateOption } from '../../../src/consumer/allocation/allocate-option.ts'
import { queueKey } from '../../../src/messages/offsets.ts'
import type { QueueRef } from '../../../src/messages/offsets.ts'
import { aQueue, nameOf, queuesNamed } from '../../support/builders.ts'

const roomOf = (text: string): string => text.slice(0, 1)
const NEARBY = { ofQueue: (queue: QueueRef) => roomOf(queue.brokerName), ofMember: roomOf }

const SHARING: readonly AllocateOption[] = [
  'average',
  'circle',
  'consistent-hash',
  { virtualNodes: 3 },
  { nearby: NEARBY },
  { nearby: NEARBY, inner: 'circle' },
  { nearby: NEARBY, inner: 'consistent-hash' },
]

const someQueues = fc.uniqueArray(
  fc.record({ topic: fc.constant('t'), brokerName: fc.constantFrom('a', 'b', 'c', 'd1'), queueId: fc.nat(40) }),
  { selector: queueKey },
)
const someMembers = fc.uniqueArray(fc.stringMatching(/^[a-e][0-9]{1,3}$/), { minLength: 1, maxLength: 12 })

const given = (option: AllocateOption, queues: string, members: readonly string[], self = 'me'): string =>
  resolveAllocate(option).allocate(queuesNamed(queues), members, self).map(nameOf).join(' ')

describe.each(SHARING.map(option => [resolveAllocate(option).wireName, option] as const))('%s', (_, option) => {
  const { allocate } = resolveAllocate(option)

  it('gives every queue to exactly one member', () => {
    fc.assert(
      fc.property(someQueues, someMembers, (queues, members) => {
        const shared = members.flatMap(self => allocate(queues, members, self))
        expect(shared.map(queueKey).sort()).toEqual(queues.map(queueKey).sort())
      }),
    )
  })

  it('gives the same whatever order queues and members come in, and changes neither list', () => {
    fc.assert(
      fc.property(someQueues, someMembers, fc.nat(), (queues, members, n) => {
        const turned = [...queues].reverse()
        const others = [...members.slice(n % members.length), ...members.slice(0, n % members.length)]
        const before = [turned.map(queueKey), others.join()]
        for (const self of members) expect(allocate(turned, others, self)).toEqual(allocate(queues, members, self))
        expect([turned.map(queueKey), others.join()]).toEqual(before)
      }),
    )
  })

  it('gives nothing to who is not a member, and nothing where there is nothing', () => {
    expect(allocate(queuesNamed('a0 b1'), ['a', 'b'], 'x')).toEqual([])
    expect(allocate(queuesNamed('a0 b1'), [], 'a')).toEqual([])
    expect(allocate([], ['a', 'b'], 'a')).toEqual([])
  })
})

describe('consistent hashing', () => {
  it('takes queues only from others for a member that comes, and moves none between them', () => {
    const { allocate } = resolveAllocate('consistent-hash')
    fc.assert(
      fc.property(someQueues, someMembers, (queues, members) => {
        const more = [...members, 'new']
        const kept = new Set(allocate(queues, more, 'new').map(queueKey))
        for (const self of members) {
          const before = allocate(queues, members, self).filter(queue => !kept.has(queueKey(queue)))
          expect(allocate(queues, more, self)).toEqual(before)
        }
      }),
    )
  })
})

describe('queues by name', () => {
  const config = queuesNamed('a1 b3 c9')

  it('are the named ones that there are, whoever is a member', () => {
    expect(given({ config }, 'a0 a1 b2 b3', ['you'])).toBe('a1 b3')
    expect(given({ config: [aQueue('a', 0, 'other')] }, 'a0 a1', ['me'])).toBe('')
  })

  it('leave the retry topic of the group to be shared, or what is sent back would never come again', () => {
    const retry = [aQueue('a', 0, '%RETRY%g'), aQueue('b', 0, '%RETRY%g')]
    const { allocate } = resolveAllocate({ config })
    expect(allocate(retry, ['me', 'you'], 'me')).toEqual([retry[0]])
    const named = resolveAllocate({ config: [aQueue('b', 0, '%RETRY%g')] })
    expect(named.allocate(retry, ['me', 'you'], 'me')).toEqual([retry[1]])
  })
})

describe('machine rooms', () => {
  it.each([
    ['room@a', true],
    ['room@a@', true], // as Java's split has it
    ['room@', false],
    ['room@a@b', false],
    ['elsewhere@a', false],
    ['room', false],
    ['@room', false],
    ['@', false],
  ])('hold a broker named %s: %s', (brokerName, isIn) => {
    const queue = aQueue(brokerName)
    const { allocate } = resolveAllocate({ machineRooms: ['room'] })
    expect(allocate([queue], ['me'], 'me')).toEqual(isIn ? [queue] : [])
  })

  it.each([undefined, '', null, 7])('of nearby members must have a name: %j has none', room => {
    const nowhere = { ...NEARBY, ofMember: () => room as string }
    expect(() => given({ nearby: nowhere }, 'a0', ['me'])).toThrow('knows no machine room of "me"')
    const lost = { ...NEARBY, ofQueue: () => room as string }
    expect(() => given({ nearby: lost }, 'a0', ['me'])).toThrow('knows no machine room of "a"')
  })
})

describe('a rule of your own', () => {
  it('is given sorted queues and members, and gives some of them', () => {
    const seen: unknown[] = []
    const last: AllocateOption = (queues, members, self) => {
      seen.push(queues.map(nameOf).join(' '), members.join(' '), self)
      return queues.slice(-1).map(queue => ({ ...queue }))
    }
    expect(given(last, 'b0 a1 a0', ['you', 'me'])).toBe('b0')
    expect(seen).toEqual(['a0 a1 b0', 'me you', 'me'])
    expect(resolveAllocate(last).wireName).toBe('CUSTOM')
    expect(resolveAllocate({ nearby: NEARBY, inner: last }).wireName).toBe('MACHINE_ROOM_NEARBY-CUSTOM')
  })

  it.each([
    ['a queue that is not in the list', () => [aQueue('z')], 'returned t@z:0: expected queues of its list, each once'],
    ['a queue twice', (queues: readonly QueueRef[]) => [...queues, ...queues], 'returned t@a:0: expected queues'],
    ['nothing', () => undefined, 'returned what is undefined: expected a list of queues'],
    ['a promise', () => Promise.resolve([]), 'returned what is of the kind object'],
    ['what is no queue', () => [null], 'expected queues of its list'],
  ])('that returns %s is refused', (_, rule, message) => {
    expect(() => given(rule as AllocateOption, 'a0', ['me'])).toThrow(message)
  })

  it('fails with what it throws', () => {
    const broken = (): never => {
      throw new Error('out of order')
    }
    expect(() => given(broken, 'a0', ['me'])).toThrow('out of order')
  })
})

describe('what is no rule', () => {
  it.each([
    ['cicle', 'allocate is "cicle": expected one of average, circle, consistent-hash, a function or an object'],
    [null, 'allocate is "null"'],
    [{}, 'allocate is of the kind object: expected one with config, machineRooms, nearby or virtualNodes'],
    [{ config: 'a0' }, 'allocate.config is "a0": expected a list of queues'],
    [{ config: [{ topic: 't' }] }, 'allocate.config is a list of 1: expected a list of queues'],
    [{ config: [], extra: 1 }, 'allocate.extra is not an option'],
    [{ machineRooms: [''] }, 'allocate.machineRooms is a list of 1: expected a list of names'],
    [{ virtualNodes: 0 }, 'allocate.virtualNodes is 0: expected a whole number from 1 to 10000'],
    [{ nearby: null }, 'allocate.nearby.ofQueue is undefined: expected a function'],
    [{ nearby: NEARBY, inner: 'cicle' }, 'allocate.inner is "cicle"'],
  ])('%j is ERR_RMQ_ILLEGAL and names itself', (option, message) => {
    expect(() => resolveAllocate(option as AllocateOption)).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL', message: expect.stringContaining(message) as string }),
    )
  })

  it('is not the lack of one: that means average', () => {
    expect(resolveAllocate(undefined)).toMatchObject({ wireName: 'AVG' })
  })
})
