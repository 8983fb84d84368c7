import { Subscription } from 'rxjs'
import type { SchedulerLike } from 'rxjs'

/** Something that is over at a moment, unless it is forgotten before. */
export interface Deadline {
  readonly dueAt: number
  readonly expire: () => void
}

export interface Deadlines {
  add(deadline: Deadline): void
  remove(deadline: Deadline): void
  clear(): void
}

/**
 * Many deadlines, one timer. The timer stands at the earliest deadline known when it was set; answered requests leave
 * without touching it, so in a steady stream it fires about once per timeout and not once per request.
 */
export const createDeadlines = (scheduler: SchedulerLike): Deadlines => {
  const deadlines = new Set<Deadline>()
  let timer = Subscription.EMPTY
  let timerAt = Infinity

  const fire = (): void => {
    timerAt = Infinity
    const now = scheduler.now()
    let earliest = Infinity
    for (const deadline of deadlines) {
      if (deadline.dueAt <= now) {
        deadlines.delete(deadline)
        deadline.expire()
      } else earliest = Math.min(earliest, deadline.dueAt)
    }
    if (earliest < timerAt) setTimer(earliest)
  }
  const setTimer = (at: number): void => {
    timer.unsubscribe()
    timerAt = at
    timer = scheduler.schedule(fire, Math.max(0, at - scheduler.now()))
  }

  return {
    add: deadline => {
      deadlines.add(deadline)
      if (deadline.dueAt < timerAt) setTimer(deadline.dueAt)
    },
    remove: deadline => {
      deadlines.delete(deadline)
    },
    clear: () => {
      deadlines.clear()
      timer.unsubscribe()
      timerAt = Infinity
    },
  }
}
