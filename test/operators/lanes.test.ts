import { describe, expect, it } from 'vitest'
import { createLanes } from '../../src/operators/lanes.ts'
import type { Waiter } from '../../src/operators/waiting-room.ts'

let index = 0
const waiter = (key: unknown): Waiter => ({ index: index++, key, waiting: false, lane: undefined, behind: undefined })

describe('lanes', () => {
  it('forgets 200,000 keys that came one after the other', () => {
    const lanes = createLanes(false)
    for (let key = 0; key < 200_000; key++) {
      lanes.add(waiter(key))
      const next = lanes.take()
      if (next) lanes.leave(next)
    }
    expect(lanes.remembered).toBe(0)
  })

  it('forgets 200,000 keys that waited all at once', () => {
    const lanes = createLanes(false)
    for (let key = 0; key < 200_000; key++) lanes.add(waiter(key))
    let taken = 0
    for (let next = lanes.take(); next; next = lanes.take()) {
      lanes.leave(next)
      taken++
    }
    expect([taken, lanes.size, lanes.remembered]).toEqual([200_000, 0, 0])
  })

  it('forgets 200,000 keys whose items gave way to newer ones', () => {
    const lanes = createLanes(true)
    let most = 0
    for (let key = 0; key < 200_000; key++) {
      lanes.add(waiter(key))
      if (lanes.size > 10) lanes.takeOldest()
      most = Math.max(most, lanes.remembered)
    }
    expect(lanes.size).toBe(10)
    expect(lanes.startable).toBe(10)
    expect(most).toBeLessThan(500)
  })

  it('forgets what has started, also while the oldest waits behind a slow item of its key', () => {
    const lanes = createLanes(true)
    lanes.add(waiter('slow'))
    lanes.take()
    lanes.add(waiter('slow'))
    let most = 0
    for (let key = 0; key < 100_000; key++) {
      lanes.add(waiter(key))
      const next = lanes.take()
      if (next) lanes.leave(next)
      most = Math.max(most, lanes.remembered)
    }
    expect(lanes.size).toBe(1)
    expect(most).toBeLessThan(500)
    expect(lanes.takeOldest()?.key).toBe('slow')
  })

  it('knows who can start after somebody gave way', () => {
    const lanes = createLanes(true)
    lanes.add(waiter('a'))
    lanes.takeOldest()
    expect([lanes.startable, lanes.isFree('a'), lanes.take(), lanes.startable]).toEqual([0, true, undefined, 0])
  })

  it('opens the lane of a key again whose next gave way before it could start', () => {
    const lanes = createLanes(true)
    lanes.add(waiter('a'))
    lanes.add(waiter('a'))
    lanes.leave(lanes.take()!)
    lanes.takeOldest()
    expect(lanes.isFree('a')).toBe(true)
    const third = waiter('a')
    lanes.add(third)
    expect(lanes.take()).toBe(third)
  })

  it('finds the next to start and the oldest without a search, however many wait for busy keys', () => {
    const elapsed = (waiting: number) => {
      const lanes = createLanes(true)
      const busy = waiter('busy')
      lanes.add(busy)
      lanes.take()
      for (let i = 0; i < waiting; i++) lanes.add(waiter('busy'))
      const start = performance.now()
      for (let i = 0; i < 20_000; i++) {
        lanes.add(waiter('free'))
        const next = lanes.take()
        if (next) lanes.leave(next)
      }
      return performance.now() - start
    }
    elapsed(10) // warm up
    // A scan of 100,000 for each of 20,000 would take some seconds longer.
    expect(elapsed(100_000) - elapsed(10)).toBeLessThan(500)
  })

  it('gives back all that wait in the order they came, and knows which keys are still busy', () => {
    const lanes = createLanes(false)
    for (const key of ['a', 'b', 'a', 'b', 'c', 'a']) lanes.add(waiter(key))
    const running = lanes.take()
    const all = lanes.takeAll()
    expect(all.map(({ key }) => key)).toEqual(['b', 'a', 'b', 'c', 'a'])
    expect(all.map(each => each.index)).toEqual(all.map(each => each.index).sort((x, y) => x - y))
    expect([lanes.size, lanes.startable, lanes.take()]).toEqual([0, 0, undefined])
    expect([lanes.isFree('a'), lanes.isFree('b')]).toEqual([false, true])
    lanes.leave(running!)
    expect(lanes.remembered).toBe(0)
  })
})
