import { describe, expect, it } from 'vitest'
import { createAssignmentBoard } from '../../src/consumer/group/assignment-board.ts'
import type { Assignments } from '../../src/consumer/consumer.ts'
import { queueKey } from '../../src/messages/offsets.ts'
import type { Assignment } from '../../src/consumer/allocation/rebalance.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import { queuesNamed } from '../support/builders.ts'

const [first, second, third] = queuesNamed('a0 a1 a2') as [MessageQueue, MessageQueue, MessageQueue]
const of = (...queues: readonly MessageQueue[]): Assignment => new Map(queues.map(queue => [queueKey(queue), queue]))

/** What is told, as `joined +01 =01`. */
const aBoard = () => {
  const told: string[] = []
  const events: string[] = []
  const ids = (queues: Assignments['current']): string => queues.map(({ queueId }) => queueId).join('')
  const words = ({ current, added, removed, reason }: Assignments): string =>
    [reason, `+${ids(added)}`, `-${ids(removed)}`, `=${ids(current)}`].filter(word => !/^[+-]$/.test(word)).join(' ')
  const board = createAssignmentBoard(change => events.push(words(change)))
  board.assignments$.subscribe({ next: change => told.push(words(change)), complete: () => told.push('the end') })
  return { board, told, events }
}

describe('what is told of the queues that are held', () => {
  it('begins with nothing', () => {
    const { told, events } = aBoard()
    expect([told, events]).toEqual([['none ='], []])
  })

  it('is one change for all that a decision brings, and one for each that has wound up', () => {
    const { board, told, events } = aBoard()
    board.decided(of(first, second))
    board.began(first)
    board.began(second)
    board.decided(of(third))
    board.began(third)
    board.ended(second)
    board.ended(first)
    const changes = ['joined +01 =01', 'rebalance +2 =012', 'rebalance -1 =02', 'rebalance -0 =2']
    expect([told, events]).toEqual([['none =', ...changes], changes])
  })

  it('is nothing when a decision changes nothing', () => {
    const { board, told } = aBoard()
    board.decided(of())
    board.decided(of(first))
    board.decided(of(first))
    expect(told).toEqual(['none =', 'rebalance +0 =0'])
  })

  it('tells a queue that comes back while it winds up as gone and come again, when it begins anew', () => {
    const { board, told } = aBoard()
    board.decided(of(first))
    board.decided(of())
    board.decided(of(first))
    expect(told).toEqual(['none =', 'joined +0 =0'])
    board.ended(first)
    board.began(first)
    expect(told.slice(2)).toEqual(['rebalance -0 =', 'rebalance +0 =0'])
  })

  it('does not tell a queue as held again that ended by itself, while it stays assigned', () => {
    const { board, told } = aBoard()
    board.decided(of(first))
    board.ended(first)
    board.decided(of(first))
    expect(told).toEqual(['none =', 'joined +0 =0', 'rebalance -0 ='])
  })

  it('is all at once at the end of a membership, and the next one joins again', () => {
    const { board, told } = aBoard()
    board.decided(of(first, second))
    board.left()
    board.left()
    board.decided(of(second))
    board.close()
    board.decided(of(first))
    expect(told).toEqual(['none =', 'joined +01 =01', 'left -01 =', 'joined +1 =1', 'left -1 =', 'the end'])
  })
})
