import type { Subscriber } from 'rxjs'
import { createQueue } from './queue.ts'

/** Speaks to one subscriber, one notification after the other. */
export interface Outlet<R> {
  readonly next: (value: R) => void
  readonly error: (cause: unknown) => void
  readonly complete: () => void
  /** Whether the subscriber is still hearing a value. If so, `afterwards` is called when it has heard it. */
  readonly postpones: () => boolean
}

/**
 * A subscriber may cause the next value while it hears one (it feeds a Subject upstream). Told at once, later stages
 * would hear the second value before the first; here it waits its turn, and so does an error.
 */
export const inTurn = <R>(subscriber: Subscriber<R>, afterwards: () => void): Outlet<R> => {
  const later = createQueue<R>()
  let speaking = false
  let postponed = false
  let failure: { readonly cause: unknown } | undefined

  return {
    next: value => {
      if (speaking) return later.push(value)
      speaking = true
      subscriber.next(value)
      while (later.length > 0) subscriber.next(later.shift() as R) // there is one
      speaking = false
      if (failure) return subscriber.error(failure.cause)
      if (!postponed) return
      postponed = false
      afterwards()
    },
    error: cause => {
      if (speaking) failure ??= { cause }
      else subscriber.error(cause)
    },
    complete: () => subscriber.complete(),
    postpones: () => {
      postponed ||= speaking
      return speaking
    },
  }
}
