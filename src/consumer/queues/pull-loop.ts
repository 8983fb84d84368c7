import { asapScheduler, asyncScheduler, Observable, Subscription } from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import type Long from 'long'
import type { QueueBudget } from './budget.ts'

/** What one pull brought, and where the next begins. */
export interface Page<E> {
  readonly entries: readonly E[]
  readonly nextOffset: Long
  /** Nothing more was there: the next pull may have to wait for a message. */
  readonly caughtUp?: boolean
}

export interface PullLoopOptions<E> {
  /**
   * One page from an offset, at most so many messages. One value, then completion; or an error; completion alone when it was cut short. Only when it may be
   * `held` may it take its time: then it holds no credits, which others need meanwhile, and what it brings at last is
   * taken all the same.
   */
  readonly pull$: (offset: Long, max: number, held: boolean) => Observable<Page<E>>
  readonly from: Long
  readonly budget: Pick<QueueBudget, 'take' | 'give' | 'reserve' | 'room' | 'whenRoom'>
  readonly bytesOf: (entry: E) => number
  /** After a pull that brought messages the next one waits so long, ms. Default 0. */
  readonly intervalMs?: number
  /** Told of a failed pull; says after how many ms to try again. */
  readonly onError: (error: unknown) => number
  readonly scheduler?: SchedulerLike
  readonly asap?: SchedulerLike
}

/**
 * One queue, page after page, while there is room: no credit, no pull. A loop, not a recursion: pages that come at once
 * cost no stack. A failed pull is told and tried again; unsubscribing cancels the pull in flight and starts none.
 */
export const pullLoop$ = <E>(options: PullLoopOptions<E>): Observable<Page<E>> =>
  new Observable<Page<E>>(subscriber => {
    const { pull$, from, budget, bytesOf, onError, intervalMs = 0 } = options
    const { scheduler = asyncScheduler, asap = asapScheduler } = options
    let offset = from
    let caughtUp = false // until told: the first pull asks, and does not wait
    let busy = false // a pull or a wait is under way
    let looping = false
    let pulling = Subscription.EMPTY
    let pausing = Subscription.EMPTY
    let delivering = Subscription.EMPTY
    let arrived: Page<E>[] = []
    let release = NOTHING_RESERVED

    const bytesIn = ({ entries }: Page<E>): number => entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
    const pull = (max: number): void => {
      busy = true
      let waitMs = 0
      release = caughtUp ? NOTHING_RESERVED : budget.reserve(max)
      pulling = pull$(offset, max, caughtUp).subscribe({
        next: page => {
          offset = page.nextOffset
          caughtUp = page.caughtUp ?? false
          if (page.entries.length > 0) waitMs = intervalMs
          budget.take(page.entries.length, bytesIn(page))
          release() // only now: whoever is woken by it must see what was taken
          if (arrived.push(page) === 1) delivering = asap.schedule(deliver)
        },
        error: (error: unknown) => {
          release()
          caughtUp = false
          pausing = scheduler.schedule(resume, onError(error))
        },
        complete: () => {
          release() // cut short: it brought nothing
          if (waitMs > 0) pausing = scheduler.schedule(resume, waitMs)
          else resume()
        },
      })
    }
    const resume = (): void => {
      busy = false
      loop()
    }
    /** A hop later, so that the next pull is on its way and the broker at work while this page is. */
    const deliver = (): void => {
      const pages = arrived
      arrived = []
      for (const page of pages) subscriber.next(page)
    }
    const loop = (): void => {
      if (looping) return // the loop below us on the stack will see the change
      looping = true
      while (!busy && !subscriber.closed) {
        const room = budget.room()
        if (room > 0) pull(room)
        else wait()
      }
      looping = false
    }
    let stopWaiting = (): void => undefined
    const wait = (): void => {
      busy = true
      stopWaiting = budget.whenRoom(resume)
    }

    subscriber.add(() => {
      stopWaiting()
      pausing.unsubscribe()
      pulling.unsubscribe()
      delivering.unsubscribe()
      for (const page of arrived) budget.give(page.entries.length, bytesIn(page)) // nobody got them
      arrived = []
      release()
    })
    subscriber.add(asap.schedule(loop)) // nothing happens inside subscribe
  })

const NOTHING_RESERVED = (): void => undefined
