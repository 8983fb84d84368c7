import type { SchedulerAction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createTimers } from '../../src/embedded/timers.ts'
import { virtualClock } from './virtual-clock.ts'

const setUp = () => {
  const { scheduler, advanceTo } = virtualClock()
  const waits: number[] = []
  const rung: string[] = []
  const timers = createTimers({
    now: () => scheduler.now(),
    schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0) => {
      waits.push(delayMs)
      return scheduler.schedule(work, delayMs)
    },
  })
  return {
    timers,
    rung,
    ring: (name: string) => () => void rung.push(`${name} at ${timers.now()}`),
    advanceTo,
    longestWaitMs: () => Math.max(...waits),
  }
}

describe('the timers of a server', () => {
  it('ring once at their time, unless they are cancelled', () => {
    const { timers, rung, ring, advanceTo } = setUp()
    timers.after(10, ring('a'))
    timers.after(20, ring('b')).cancel()
    timers.after(-5, ring('c'))
    advanceTo(50)
    expect(rung).toEqual(['c at 0', 'a at 10'])
  })

  it('hold back while paused what falls due, and ring it on resuming', () => {
    const { timers, rung, ring, advanceTo } = setUp()
    timers.after(10, ring('due'))
    const cancelled = timers.after(11, ring('cancelled'))
    timers.after(100, ring('later'))
    timers.pause()
    advanceTo(50)
    expect(rung).toEqual([])
    cancelled.cancel()
    timers.resume()
    expect(rung).toEqual(['due at 50'])
    advanceTo(100)
    expect(rung).toEqual(['due at 50', 'later at 100'])
  })

  it('forget everything when stopped, and can be used again', () => {
    const { timers, rung, ring, advanceTo } = setUp()
    timers.after(10, ring('old'))
    timers.pause()
    timers.stop()
    timers.after(20, ring('new'))
    advanceTo(50)
    expect(rung).toEqual(['new at 20'])
  })

  it('wait for months, longer than a timer of Node can', () => {
    const { timers, rung, ring, advanceTo, longestWaitMs } = setUp()
    const monthsMs = 5_000_000_000
    timers.after(monthsMs, ring('spring'))
    advanceTo(monthsMs - 1)
    expect(rung).toEqual([])
    advanceTo(monthsMs)
    expect(rung).toEqual([`spring at ${monthsMs}`])
    expect(longestWaitMs()).toBe(2 ** 31 - 1)
  })
})
