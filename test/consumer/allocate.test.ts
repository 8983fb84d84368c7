import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocateAveragely, sortedMembers } from '../../src/consumer/allocation/allocate.ts'
import { aQueue, nameOf, queuesNamed } from '../support/builders.ts'

const MEMBERS = ['10.0.0.1@1001', '10.0.0.2@1002', '10.0.0.3@1003', '10.0.0.4@1004']

/** What each of the first so many members gets. */
const dealt = (queues: string, members: number) =>
  MEMBERS.slice(0, members).map(self =>
    allocateAveragely(queuesNamed(queues), MEMBERS.slice(0, members), self).map(nameOf).join(' '),
  )

describe('the average allocation', () => {
  // as computed by the Java client's AllocateMessageQueueAveragely
  it.each([
    ['a0 a1 a2 a3 b0 b1 b2 b3', ['a0 a1 a2', 'a3 b0 b1', 'b2 b3']],
    ['a0 a1 a2 a3 a4 b0 b1 b2 b3 b4', ['a0 a1 a2', 'a3 a4 b0', 'b1 b2', 'b3 b4']],
    ['a0 a1', ['a0', 'a1', '']],
    ['a0 a1 a2 a3', ['a0 a1 a2 a3']],
    ['', ['', '']],
  ])('of %s is that of the Java client: %j', (queues, expected) => {
    expect(dealt(queues, expected.length)).toEqual(expected)
  })

  it.each([
    [5, 2, [3, 2]],
    [16, 6, [3, 3, 3, 3, 2, 2]],
    [4, 1, [4]],
    [1, 4, [1, 0, 0, 0]],
    [4, 4, [1, 1, 1, 1]],
  ])('deals %i queues to %i members as %j', (queues, members, sizes) => {
    const ids = Array.from({ length: members }, (_, i) => `m${i}`)
    const all = Array.from({ length: queues }, (_, i) => aQueue('a', i))
    expect(ids.map(self => allocateAveragely(all, ids, self).length)).toEqual(sizes)
  })

  it('gives nothing to who is not a member', () => {
    expect(allocateAveragely(queuesNamed('a0 a1'), MEMBERS, 'stranger')).toEqual([])
  })

  it('gives every queue to exactly one member, in order, and to none more than one more than to another', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: 1, max: 40 }), (queues, members) => {
        const all = Array.from({ length: queues }, (_, i) => aQueue('a', i))
        const ids = Array.from({ length: members }, (_, i) => `m${i}`)
        const shares = ids.map(self => allocateAveragely(all, ids, self))
        expect(shares.flat()).toEqual(all)
        const sizes = shares.map(share => share.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('the order of members', () => {
  it('is that of Java strings, by UTF-16 code units, each member once', () => {
    const ids = ['b@2', 'a@10', 'a@9', 'B@1', 'b@2', '\u{1f600}', '\uffee']
    expect(sortedMembers(ids)).toEqual(['B@1', 'a@10', 'a@9', 'b@2', '\u{1f600}', '\uffee'])
  })

  it('does not depend on the order in which a broker lists them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.nat(), (ids, turn) => {
        const turned = [...ids.slice(turn % (ids.length || 1)), ...ids.slice(0, turn % (ids.length || 1))]
        expect(sortedMembers(turned)).toEqual(sortedMembers(ids))
      }),
    )
  })
})
