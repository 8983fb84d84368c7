import { ReplaySubject } from 'rxjs'
import type { Observable, Subscription } from 'rxjs'
import { createQueue } from '../../operators/queue.ts'

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void
  readonly reject: (error: unknown) => void
}

const OVER = { done: true, value: undefined } as const

/**
 * A stream for `for await`, begun with the first `next()`. What comes before it is asked for waits here: the stream must
 * be bounded by what of it is used. `return()`, as by `break` or a throw inside of the loop, utters the wish to end and
 * waits for the end; what waits here is not handed out any more.
 *
 * @param open makes the stream, which ends well when the given one emits.
 * @param take told of each item that shall leave; false: it is not there any more.
 */
export const iterate = <T>(
  open: (until$: Observable<void>) => Observable<T>,
  take: (item: T) => boolean,
): AsyncIterableIterator<T, undefined> => {
  const until = new ReplaySubject<void>(1)
  const waiting = createQueue<T>()
  const waiters = createQueue<Waiter<T>>()
  let tellEnded = (): void => undefined
  const ended = new Promise<void>(resolve => (tellEnded = resolve))
  let subscription: Subscription | undefined
  let failure: { readonly error: unknown } | undefined
  let leaving = false
  let over = false

  const end = (): void => {
    over = true
    for (let waiter = waiters.shift(); waiter !== undefined; waiter = waiters.shift()) answer(waiter)
    tellEnded()
  }
  /** An error is told once. */
  const answer = ({ resolve, reject }: Waiter<T>): void => {
    if (failure === undefined) return resolve(OVER)
    const { error } = failure
    failure = undefined
    reject(error)
  }
  const serve = (): void => {
    while (waiters.length > 0) {
      const item = leaving ? undefined : waiting.shift()
      if (item === undefined) break
      if (take(item)) waiters.shift()?.resolve({ done: false, value: item })
    }
  }
  const begin = (): Subscription =>
    open(until).subscribe({
      next: item => {
        waiting.push(item)
        serve()
      },
      error: (error: unknown) => {
        failure = { error }
        end()
      },
      complete: end,
    })
  const next = (): Promise<IteratorResult<T, undefined>> =>
    new Promise((resolve, reject) => {
      waiters.push({ resolve, reject })
      serve()
      if (over) end()
      else subscription ??= begin()
    })
  const leave = async (): Promise<IteratorResult<T, undefined>> => {
    leaving = true
    until.next()
    if (subscription === undefined) end()
    await ended
    return new Promise((resolve, reject) => answer({ resolve, reject }))
  }

  return {
    next,
    return: leave,
    throw: async (error: unknown) => {
      await leave()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
