import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseQueue, type Choice } from '../../src/producer/choose-queue.ts'
import { aQueue, nameOf, queuesNamed } from '../support/builders.ts'

const QUEUES = queuesNamed('a0 a1 b0 b1')
const choose = (more: Partial<Choice> = {}) =>
  nameOf(chooseQueue({ queues: QUEUES, shardKey: undefined, cursor: 0, avoid: new Set(), ...more }))

describe('the queue of a message', () => {
  it.each([
    [0, 'a0'],
    [1, 'a1'],
    [3, 'b1'],
    [4, 'a0'],
    [1_000_001, 'a1'],
    [-1, 'b1'],
    [-4, 'a0'],
  ])('at place %i of the rotation is %s', (cursor, queue) => {
    expect(choose({ cursor })).toBe(queue)
  })

  it.each([
    ['the next one of another broker', 0, ['a'], 'b0'],
    ['the next one itself, if its broker is well', 2, ['a'], 'b0'],
    ['the first one, around the end', 3, ['b'], 'a0'],
    ['simply the next one when all brokers failed', 1, ['a', 'b'], 'a1'],
    ['the next one when a stranger failed', 1, ['c'], 'a1'],
  ])('is %s', (_, cursor, avoid, queue) => {
    expect(choose({ cursor, avoid: new Set(avoid) })).toBe(queue)
  })

  it.each([
    // String.hashCode() % 4, without its sign, as SelectMessageQueueByHash
    ['order', 2],
    ['a', 1],
    ['b', 2],
    ['polygenelubricants', 0],
  ])('with sharding key "%s" is the one of its Java hash, number %i', (shardKey, index) => {
    expect(choose({ shardKey })).toBe(nameOf(QUEUES[index]!))
  })

  it('with an empty sharding key goes by rotation', () => {
    expect(choose({ shardKey: '', cursor: 3 })).toBe('b1')
  })

  it('with a sharding key never moves, whatever failed and wherever the rotation stands', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer(), fc.subarray(['a', 'b']), (shardKey, cursor, avoid) => {
        expect(choose({ shardKey, cursor, avoid: new Set(avoid) })).toBe(choose({ shardKey }))
      }),
    )
  })

  it('is never one of a broker that failed while there is another', () => {
    const queues = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(4)), {
      minLength: 1,
      selector: String,
    })
    fc.assert(
      fc.property(queues, fc.integer(), fc.subarray(['a', 'b', 'c']), (names, cursor, failed) => {
        const all = names.map(([broker, id]) => aQueue(broker, id))
        const avoid = new Set(failed)
        const chosen = chooseQueue({ queues: all, shardKey: undefined, cursor, avoid })
        expect(all).toContain(chosen)
        if (all.some(({ brokerName }) => !avoid.has(brokerName))) expect(avoid.has(chosen.brokerName)).toBe(false)
      }),
    )
  })

  it('is each of them in turn', () => {
    const turns = Array.from({ length: 8 }, (_, cursor) => choose({ cursor }))
    expect(turns).toEqual(['a0', 'a1', 'b0', 'b1', 'a0', 'a1', 'b0', 'b1'])
  })

  it('cannot be chosen from none', () => {
    expect(() => choose({ queues: [] })).toThrow(RangeError)
  })
})
