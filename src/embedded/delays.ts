import type { LogRecord } from './queue.ts'
import type { Alarm, Timers } from './timers.ts'

export interface DelaysOptions {
  /** Milliseconds of each level, level 1 first. */
  readonly levelsMs: readonly number[]
  readonly timers: Timers
  /** Puts a waiting record where it was meant for. */
  readonly deliver: (record: LogRecord) => void
}

/** Messages that wait for their time, a queue per level: within a level they come due in the order they were stored. */
export interface Delays {
  readonly levels: number
  /** A record of the schedule topic, due its level's time after it was stored. */
  add(record: LogRecord, level: number): void
  /** Sets the alarms, at first and after `stop`; what came due meanwhile is delivered at once. */
  start(): void
  /** Nothing is delivered until `start`. */
  stop(): void
}

export const createDelays = ({ levelsMs, timers, deliver }: DelaysOptions): Delays => {
  const levels = levelsMs.map(delayMs => createLevel(delayMs, timers, deliver))
  return {
    levels: levels.length,
    add: (record, level) => levels[level - 1]?.add(record),
    start: () => {
      for (const level of levels) level.arm()
    },
    stop: () => {
      for (const level of levels) level.disarm()
    },
  }
}

const createLevel = (delayMs: number, timers: Timers, deliver: (record: LogRecord) => void) => {
  let waiting: LogRecord[] = []
  let alarm: Alarm | undefined

  const arm = () => {
    const first = waiting[0]
    if (first === undefined || alarm !== undefined) return
    alarm = timers.after(first.storeTimestamp + delayMs - timers.now(), ring)
  }

  const ring = () => {
    alarm = undefined
    const now = timers.now()
    // A clock may be a millisecond behind its alarm: never early, so look again.
    const later = waiting.findIndex(record => record.storeTimestamp + delayMs > now)
    const due = later < 0 ? waiting : waiting.slice(0, later)
    waiting = later < 0 ? [] : waiting.slice(later)
    for (const record of due) deliver(record)
    arm()
  }

  return {
    add: (record: LogRecord) => {
      waiting.push(record)
      arm()
    },
    arm,
    disarm: () => {
      alarm?.cancel()
      alarm = undefined
    },
  }
}
