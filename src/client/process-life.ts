import { asyncScheduler, Observable, Subscription } from 'rxjs'
import type { MonoTypeOperatorFunction, SchedulerAction } from 'rxjs'

/** Nearly the longest delay that a Node timer takes, ms. */
const LONG_MS = 2 ** 31 - 1

/** Keeps the process alive while anyone holds it; sockets and timers of this library never do. */
export interface ProcessLife {
  hold(): () => void
  /** Holds while subscribed. */
  held<T>(): MonoTypeOperatorFunction<T>
}

/** No Node timer lasts longer than LONG_MS, but a consumer may. */
function beginAnew(this: SchedulerAction<unknown>): void {
  this.schedule(undefined, LONG_MS)
}

/** Counted, so that a send costs an addition and not a timer. */
export const createProcessLife = (): ProcessLife => {
  let holders = 0
  let handle = Subscription.EMPTY

  const hold = (): (() => void) => {
    if (holders++ === 0) handle = asyncScheduler.schedule(beginAnew, LONG_MS)
    let held = true
    return () => {
      if (!held) return
      held = false
      if (--holders === 0) handle.unsubscribe()
    }
  }
  const held =
    <T>(): MonoTypeOperatorFunction<T> =>
    source$ =>
      new Observable<T>(subscriber => {
        subscriber.add(hold())
        subscriber.add(source$.subscribe(subscriber))
      })

  return { hold, held }
}
