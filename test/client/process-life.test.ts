import { NEVER, Subject, timer } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backgroundScheduler } from '../../src/client/background-scheduler.ts'
import { createProcessLife } from '../../src/client/process-life.ts'

describe('a process', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const alive = () => vi.getTimerCount() > 0

  it('is held from the first who holds it to the last, with a single timer', () => {
    const life = createProcessLife()
    expect(alive()).toBe(false)
    const first = life.hold()
    const second = life.hold()
    expect(vi.getTimerCount()).toBe(1)
    first()
    expect(alive()).toBe(true)
    second()
    expect(alive()).toBe(false)
  })

  it('is not let go by one who lets go twice', () => {
    const life = createProcessLife()
    const first = life.hold()
    life.hold()
    first()
    first()
    expect(alive()).toBe(true)
  })

  it('is held again after it was let go', () => {
    const life = createProcessLife()
    life.hold()()
    const again = life.hold()
    expect(alive()).toBe(true)
    again()
    expect(alive()).toBe(false)
  })

  it('is held by an operation while that is subscribed: until it ends, fails, or is unsubscribed', () => {
    const life = createProcessLife()
    const ends = new Subject<void>()
    const fails = new Subject<void>()
    ends.pipe(life.held()).subscribe()
    fails.pipe(life.held()).subscribe({ error: () => undefined })
    const waiting = NEVER.pipe(life.held()).subscribe()
    expect(vi.getTimerCount()).toBe(1)
    ends.complete()
    fails.error(new Error('x'))
    expect(alive()).toBe(true)
    waiting.unsubscribe()
    expect(alive()).toBe(false)
  })

  it('is held for weeks, too: the timer that holds it begins anew', () => {
    const life = createProcessLife()
    const release = life.hold()
    vi.advanceTimersByTime(2 ** 31)
    expect(alive()).toBe(true)
    release()
    expect(alive()).toBe(false)
  })
})

describe('the timers of a client', () => {
  const activeTimers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length

  it('hold no process', () => {
    const before = activeTimers()
    const once = timer(60_000, backgroundScheduler).subscribe()
    const often = timer(60_000, 60_000, backgroundScheduler).subscribe()
    expect(activeTimers()).toBe(before)
    const held = timer(60_000).subscribe()
    expect(activeTimers()).toBe(before + 1)
    for (const subscription of [once, often, held]) subscription.unsubscribe()
  })

  it('hold no process after they have fired and go on, either', async () => {
    const before = activeTimers()
    let fired = 0
    const often = timer(0, 1, backgroundScheduler).subscribe(() => fired++)
    const changing = timer(0, 60_000, backgroundScheduler).subscribe(() => fired++)
    while (fired < 5) await new Promise(resolve => setTimeout(resolve, 1))
    expect(activeTimers()).toBe(before)
    often.unsubscribe()
    changing.unsubscribe()
  })

  it('tell the time of rxjs, so that it can be made virtual', () => {
    expect(Math.abs(backgroundScheduler.now() - Date.now())).toBeLessThan(1_000)
  })
})
