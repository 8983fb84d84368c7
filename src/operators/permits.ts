import { defer, finalize, from, Observable } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { createQueue } from './queue.ts'

/** So many at work at once, of works that come and go. */
export interface Permits {
  /** Works when a permit is free, first come, first served, and gives it back at the end. Emits nothing after `close()`. */
  within$<T>(work: () => ObservableInput<T>): Observable<T>
  /**
   * The same now, if a permit is free and nobody waits for it. A work that returns an array is over then and costs no
   * subscription; any other holds its permit, and has to be subscribed to.
   */
  atOnce$<T>(work: () => ObservableInput<T>): ObservableInput<T> | undefined
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

  const isFree = (): boolean => active < Math.max(1, limit())
  const turn = (): void => {
    if (turning) return
    turning = true
    while (closed || isFree()) {
      const next = line.shift()
      if (next === undefined) break
      if (next.over) continue
      next.over = true
      if (closed) next.refuse()
      else next.start()
    }
    turning = false
  }

  const giveBack = (): void => {
    active--
    turn()
  }

  return {
    atOnce$: <T>(work: () => ObservableInput<T>) => {
      if (closed || line.length > 0 || !isFree()) return undefined
      active++
      let isOver = true
      try {
        const input$ = work()
        if (Array.isArray(input$)) return input$ as T[]
        isOver = false
        return from(input$).pipe(finalize(giveBack))
      } finally {
        if (isOver) giveBack()
      }
    },
    within$: work =>
      new Observable(subscriber => {
        const waiting: Waiting = {
          over: false,
          start: () => {
            active++
            subscriber.add(giveBack)
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
