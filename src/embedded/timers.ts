import type { SchedulerLike } from 'rxjs'

export interface Alarm {
  cancel(): void
}

/**
 * Clock and alarms of one server. While it is paused nothing rings: what falls due rings on resuming. Stopping forgets
 * every alarm and leaves it as new.
 */
export interface Timers {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  after(ms: number, work: () => void): Alarm
  pause(): void
  resume(): void
  stop(): void
}

/** Node's timers cannot wait longer at once, they would ring immediately. */
const LONGEST_WAIT_MS = 2_147_483_647

export const createTimers = (scheduler: SchedulerLike): Timers => {
  const alarms = new Set<Alarm>()
  let paused = false
  let due: (() => void)[] = []

  const after = (ms: number, work: () => void): Alarm => {
    const ring = () => {
      if (!alarms.has(alarm)) return
      if (paused) {
        due.push(ring)
        return
      }
      alarms.delete(alarm)
      work()
    }
    const wait = (leftMs: number) => {
      const nowMs = Math.min(leftMs, LONGEST_WAIT_MS)
      return scheduler.schedule(() => {
        if (leftMs > nowMs) waiting = wait(leftMs - nowMs)
        else ring()
      }, nowMs)
    }
    const alarm: Alarm = {
      cancel: () => {
        alarms.delete(alarm)
        waiting.unsubscribe()
      },
    }
    alarms.add(alarm)
    let waiting = wait(Math.max(0, ms))
    return alarm
  }

  return {
    now: () => scheduler.now(),
    after,
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      const late = due
      due = []
      for (const ring of late) ring()
    },
    stop: () => {
      paused = false
      due = []
      for (const alarm of [...alarms]) alarm.cancel()
    },
  }
}
