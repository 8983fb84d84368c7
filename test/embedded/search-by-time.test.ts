import Long from 'long'
import { describe, expect, it } from 'vitest'
import { createQueue, type Queue } from '../../src/embedded/queue.ts'
import { searchByTime } from '../../src/embedded/search-by-time.ts'

const queueStoredAt = (...times: readonly number[]): Queue => {
  const queue = createQueue()
  times.forEach((storeTimestamp, queueOffset) =>
    queue.add({
      topic: 't',
      queueId: 0,
      queueOffset,
      physicalOffset: queueOffset,
      storeTimestamp,
      tagCode: 0,
      bytes: Buffer.alloc(1),
    }),
  )
  return queue
}

describe('an offset by store time', () => {
  const queue = queueStoredAt(10, 20, 20, 20, 40)
  it.each([
    [5, 0, 0],
    [10, 0, 0],
    [15, 1, 0],
    [20, 1, 3],
    [30, 4, 3],
    [40, 4, 4],
    [99, 5, 4],
  ])('at %i is %i from below and %i from above', (time, lower, upper) => {
    expect(searchByTime(queue, Long.fromNumber(time), 'LOWER')).toBe(lower)
    expect(searchByTime(queue, Long.fromNumber(time), 'UPPER')).toBe(upper)
  })

  it('is 0 in a queue that never had a message', () => {
    expect(searchByTime(createQueue(), Long.MAX_VALUE, 'LOWER')).toBe(0)
    expect(searchByTime(createQueue(), Long.MAX_VALUE, 'UPPER')).toBe(0)
  })

  it('stays inside a queue whose head is gone', () => {
    const cut = queueStoredAt(10, 20, 30)
    cut.dropFirst()
    expect(searchByTime(cut, Long.fromNumber(5), 'LOWER')).toBe(1)
    expect(searchByTime(cut, Long.fromNumber(5), 'UPPER')).toBe(1)
    expect(searchByTime(cut, Long.fromNumber(99), 'LOWER')).toBe(3)
    cut.dropFirst()
    cut.dropFirst()
    expect(searchByTime(cut, Long.fromNumber(99), 'LOWER')).toBe(3)
    expect(searchByTime(cut, Long.fromNumber(99), 'UPPER')).toBe(3)
  })
})
