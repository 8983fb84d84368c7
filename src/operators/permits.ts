import { defer, from, Observable } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { createQueue } from './queue.ts'

/** So many at work at once, of works that come and go. */
export interface Permits {
  /** Works when a permit is free, first come, first served, and gives it back at the end. Emits nothing after `close()`. */
  within$<T>(work: () => ObservableInput<T>): Observable<T>
  /** There may be more of them now. */
  recheck(): void
  /** Nobody who waits, or comes later, begins any more: it completes. */
  close(): void
}

interface Waiting {
  readonly start: () => void
  readonly refuse: () => void
  over: boolean
}

export const createPermits = (limit: () => number): Permits => {
  const line = createQueue<Waiting>()
  let active = 0
  let closed = false
  let turning = false

  const turn = (): void => {
    if (turning) return
    turning = true
    while (closed || active < Math.max(1, limit())) {
      const next = line.shift()
      if (next === undefined) break
      if (next.over) continue
      next.over = true
      if (closed) next.refuse()
      else next.start()
    }
    turning = false
  }

  return {
    within$: work =>
      new Observable(subscriber => {
        const waiting: Waiting = {
          over: false,
          start: () => {
            active++
            subscriber.add(() => {
              active--
              turn()
            })
            subscriber.add(defer(() => from(work())).subscribe(subscriber))
          },
          refuse: () => subscriber.complete(),
        }
        subscriber.add(() => (waiting.over = true))
        line.push(waiting)
        turn()
      }),
    recheck: turn,
    close: () => {
      closed = true
      turn()
    },
  }
}
