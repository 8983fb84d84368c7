import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, type QueueBudget } from '../../src/consumer/queues/budget.ts'

const MUCH = { messages: 1_000_000, bytes: 1_000_000_000 }

describe('the room of a queue', () => {
  it.each([
    // limit, batch, taken, room
    [96, 32, 0, 32],
    [96, 32, 64, 32],
    [96, 32, 80, 16],
    [96, 32, 81, 0],
    [96, 32, 96, 0],
    [10, 32, 0, 10],
    [10, 32, 1, 0],
    [1, 32, 0, 1],
    [1, 1, 0, 1],
    [1, 1, 1, 0],
    [100, 1, 99, 1],
  ])('with a limit of %i in batches of %i, of which %i are taken, is %i', (messages, batch, taken, room) => {
    const queue = createBudget(MUCH, batch).queue({ messages, bytes: MUCH.bytes })
    queue.take(taken, 0)
    expect(queue.room()).toBe(room)
  })

  it('ends with its bytes, which may be exceeded by the last pull', () => {
    const queue = createBudget(MUCH, 8).queue({ messages: 100, bytes: 50 })
    queue.take(1, 49)
    expect(queue.room()).toBe(8)
    queue.take(1, 1)
    expect(queue.room()).toBe(0)
    queue.give(1, 1)
    expect(queue.room()).toBe(8)
  })

  it('ends with that of the whole consumer', () => {
    const budget = createBudget({ messages: 10, bytes: 100 }, 4)
    const one = budget.queue(MUCH)
    const other = budget.queue(MUCH)
    one.take(7, 10)
    expect([one.room(), other.room(), budget.taken()]).toEqual([3, 3, { messages: 7, bytes: 10 }])
    one.take(2, 90)
    expect([one.room(), other.room()]).toEqual([0, 0])
  })
})

describe('room that is reserved for a pull on its way', () => {
  it('is not given to another queue, until the pull is over', () => {
    const budget = createBudget({ messages: 8, bytes: 1_000 }, 8)
    const one = budget.queue(MUCH)
    const other = budget.queue(MUCH)
    const release = one.reserve(6)
    expect([other.room(), budget.taken().messages]).toEqual([0, 0])
    release()
    expect(other.room()).toBeGreaterThan(0)
  })

  it('is given back once, and whoever waits for it is told', () => {
    const budget = createBudget({ messages: 8, bytes: 1_000 }, 8)
    const one = budget.queue(MUCH)
    const other = budget.queue(MUCH)
    const told: string[] = []
    const release = one.reserve(8)
    other.whenRoom(() => told.push('room'))
    release()
    release()
    one.take(5, 5)
    expect(told).toEqual(['room'])
    expect(other.room()).toBe(0)
  })
})

describe('whoever waits for room', () => {
  it('is told once when there is room again, and not before there is enough', () => {
    const queue = createBudget(MUCH, 4).queue({ messages: 4, bytes: MUCH.bytes })
    const told: string[] = []
    queue.take(4, 0)
    queue.whenRoom(() => told.push('room'))
    queue.give(1, 0)
    expect(told).toEqual([])
    queue.give(1, 0)
    expect(told).toEqual(['room'])
    queue.give(1, 0)
    expect(told).toEqual(['room'])
  })

  it('is not told any more after it stopped waiting', () => {
    const queue = createBudget(MUCH, 1).queue({ messages: 1, bytes: MUCH.bytes })
    const told: string[] = []
    queue.take(1, 0)
    const stop = queue.whenRoom(() => told.push('room'))
    stop()
    queue.give(1, 0)
    expect(told).toEqual([])
  })

  it('may take the room at once and wait again, without a loop', () => {
    const queue = createBudget(MUCH, 1).queue({ messages: 1, bytes: MUCH.bytes })
    let told = 0
    const wait = () => {
      queue.whenRoom(() => {
        told++
        queue.take(1, 0)
        wait()
      })
    }
    queue.take(1, 0)
    wait()
    queue.give(1, 0)
    queue.give(1, 0)
    expect(told).toBe(2)
  })

  it('is told when another queue is given up', () => {
    const budget = createBudget({ messages: 4, bytes: 100 }, 4)
    const one = budget.queue(MUCH)
    const other = budget.queue(MUCH)
    const told: string[] = []
    one.take(4, 4)
    other.whenRoom(() => told.push('room'))
    one.close()
    expect([told, budget.taken()]).toEqual([['room'], { messages: 0, bytes: 0 }])
    one.give(4, 4)
    one.close()
    expect(budget.taken()).toEqual({ messages: 0, bytes: 0 })
  })
})

type Act = { readonly queue: number; readonly do: 'pull' | 'settle' | 'close' }
const act: fc.Arbitrary<Act> = fc.record({
  queue: fc.nat(3),
  do: fc.constantFrom('pull' as const, 'pull' as const, 'settle' as const, 'settle' as const, 'close' as const),
})

describe('a budget, whatever its queues do', () => {
  it('is never exceeded by one pull after the other, and is all given back in the end', () => {
    const limits = fc.record({ messages: fc.integer({ min: 1, max: 60 }), bytes: fc.constant(10_000) })
    fc.assert(
      fc.property(
        limits,
        limits,
        fc.integer({ min: 1, max: 32 }),
        fc.array(act, { maxLength: 200 }),
        (total, own, batch, acts) => {
          const budget = createBudget(total, batch)
          const open = (): { budget: QueueBudget; held: number } => ({ budget: budget.queue(own), held: 0 })
          const queues = Array.from({ length: 4 }, open)
          for (const { queue, do: what } of acts) {
            const mine = queues[queue]!
            if (what === 'pull') {
              const room = mine.budget.room()
              expect(room).toBeLessThanOrEqual(batch)
              mine.budget.take(room, room)
              mine.held += room
            } else if (what === 'settle' && mine.held > 0) {
              mine.budget.give(1, 1)
              mine.held--
            } else if (what === 'close') {
              mine.budget.close()
              queues[queue] = open()
            }
            const held = queues.map(one => one.held)
            const sum = held.reduce((a, b) => a + b, 0)
            expect(budget.taken()).toEqual({ messages: sum, bytes: sum })
            expect(sum).toBeLessThanOrEqual(total.messages)
            expect(Math.max(...held)).toBeLessThanOrEqual(own.messages)
          }
          for (const one of queues) one.budget.close()
          expect(budget.taken()).toEqual({ messages: 0, bytes: 0 })
        },
      ),
    )
  })

  it('lets nobody wait in vain: who waits is told, or there is no room for it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(act, { maxLength: 100 }),
        (limit, batch, acts) => {
          const budget = createBudget({ messages: limit, bytes: 10_000 }, batch)
          const queues = Array.from({ length: 4 }, () => ({ budget: budget.queue(MUCH), held: 0, waiting: false }))
          for (const { queue, do: what } of acts) {
            const mine = queues[queue]!
            if (what === 'pull') {
              const room = mine.budget.room()
              mine.budget.take(room, room)
              mine.held += room
              if (mine.budget.room() === 0 && !mine.waiting) {
                mine.waiting = true
                mine.budget.whenRoom(() => (mine.waiting = false))
              }
            } else if (mine.held > 0) {
              mine.held--
              mine.budget.give(1, 1)
            }
            for (const one of queues) expect(one.waiting && one.budget.room() > 0).toBe(false)
          }
        },
      ),
    )
  })
})

describe('the limit that leaves no room', () => {
  it.each([
    ['unsettledPerQueue', { messages: 4, bytes: 1_000 }, [4, 4], { most: 4, taken: 4 }],
    ['unsettledBytesPerQueue', { messages: 100, bytes: 50 }, [4, 60], { most: 50, taken: 60 }],
    ['unsettledPerTopic', { messages: 100, bytes: 1_000 }, [8, 60], { most: 8, taken: 8 }],
    ['unsettledBytesPerTopic', { messages: 100, bytes: 1_000 }, [4, 80], { most: 80, taken: 80 }],
    ['unsettled', { messages: 100, bytes: 1_000 }, [20, 80], { most: 20, taken: 20 }],
    ['unsettledBytes', { messages: 100, bytes: 1_000 }, [4, 200], { most: 200, taken: 200 }],
  ] as const)('is named: %s', (limit, own, [messages, bytes], told) => {
    const budget = createBudget({ messages: 20, bytes: 200 }, 4)
    const topic = limit.endsWith('PerTopic') ? budget.shared({ messages: 8, bytes: 80 }) : undefined
    const queue = budget.queue(own, topic)
    expect(queue.full()).toBeUndefined()
    queue.take(messages, bytes)
    expect(queue.full()).toEqual({ limit, ...told })
    queue.give(messages, bytes)
    expect(queue.full()).toBeUndefined()
  })
})
