import type { Connection } from './connection.ts'
import type { Passes } from './filters.ts'
import type { Queue } from './queue.ts'
import type { Alarm, Timers } from './timers.ts'

/** A pull that found nothing yet. */
interface Hold {
  readonly connection: Connection
  readonly queue: Queue
  /** The offset it waits for. */
  readonly offset: number
  readonly timeoutMs: number
  readonly passes: Passes
  /** Called once: when a message that passes has arrived, or the time is over. */
  readonly wake: () => void
}

/** Pulls that wait for messages. */
export interface Holds {
  /** Returns how to stop waiting. */
  add(hold: Hold): Alarm
  /** Something was stored in the queue. Who waits for it is woken once everything that arrived together is stored. */
  arrived(queue: Queue): void
  /** Forgets what a closed connection waits for. */
  drop(connection: Connection): void
  /** Forgets everything. */
  clear(): void
  readonly size: () => number
}

interface Waiting {
  readonly hold: Hold
  readonly alarm: Alarm
  /** Records before it are known not to pass. */
  seen: number
}

export const createHolds = (timers: Timers): Holds => {
  const byQueue = new Map<Queue, Set<Waiting>>()
  let stirred = new Set<Queue>()

  const forget = (waiting: Waiting) => {
    waiting.alarm.cancel()
    const { queue } = waiting.hold
    const others = byQueue.get(queue)
    others?.delete(waiting)
    if (others?.size === 0) byQueue.delete(queue)
  }

  const look = (waiting: Waiting) => {
    const { queue, passes, wake } = waiting.hold
    const { max } = queue.range()
    if (max <= waiting.seen) return
    if (queue.hasMatch(waiting.seen, passes)) {
      forget(waiting)
      wake()
    } else {
      waiting.seen = max
    }
  }

  const lookAtStirred = () => {
    const queues = stirred
    stirred = new Set()
    for (const queue of queues) for (const waiting of [...(byQueue.get(queue) ?? [])]) look(waiting)
  }

  return {
    add: hold => {
      const ring = () => {
        forget(waiting)
        hold.wake()
      }
      const waiting: Waiting = { hold, alarm: timers.after(hold.timeoutMs, ring), seen: hold.offset }
      const others = byQueue.get(hold.queue)
      if (others === undefined) byQueue.set(hold.queue, new Set([waiting]))
      else others.add(waiting)
      return { cancel: () => forget(waiting) }
    },
    arrived: queue => {
      if (!byQueue.has(queue)) return
      // One look for all messages of a burst: the consumer gets them in one answer instead of one pull each.
      if (stirred.size === 0) queueMicrotask(lookAtStirred)
      stirred.add(queue)
    },
    drop: connection => {
      for (const waits of [...byQueue.values()]) {
        for (const waiting of [...waits]) if (waiting.hold.connection === connection) forget(waiting)
      }
    },
    clear: () => {
      for (const waits of [...byQueue.values()]) for (const waiting of [...waits]) forget(waiting)
    },
    size: () => [...byQueue.values()].reduce((sum, waits) => sum + waits.size, 0),
  }
}
