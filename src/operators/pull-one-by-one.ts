import type { Subscriber } from 'rxjs'

export interface PullOptions<T> {
  /** Whether there is room for one more. Asked before each `next()`. */
  readonly hasRoom: () => boolean
  /** Gets an item that was asked for before the end and arrived after it. */
  readonly putBack?: ((item: T) => void) | undefined
}

export interface Puller {
  /** Asks for items for as long as there is room. To be called at first, and after whatever may have made room. */
  readonly pump: () => void
  /** Asks for no more and tells the source so. */
  readonly close: () => void
}

/** Hands the items of a source to a subscriber, one `next()` at a time and none without room. */
export const pullOneByOne = <T>(
  source: AsyncIterable<T> | Iterable<T>,
  subscriber: Subscriber<T>,
  { hasRoom, putBack }: PullOptions<T>,
): Puller => {
  let iterator: AsyncIterator<T> | Iterator<T> | undefined
  let asking = false // a promised item has not arrived
  let pumping = false
  let ended = false

  const fail = (cause: unknown) => {
    ended = true // what failed by itself needs no `return()`
    subscriber.error(cause)
  }

  const arrive = (result: IteratorResult<T, unknown>) => {
    if (result.done) {
      ended = true
      subscriber.complete()
    } else if (ended) putBack?.(result.value)
    else subscriber.next(result.value)
  }

  // A loop, not a recursion: items that are there at once cost no stack.
  const pump = () => {
    if (pumping) return // the loop below us on the stack will see the room
    pumping = true
    try {
      while (!asking && !ended && hasRoom()) {
        iterator ??= iteratorOf(source)
        const next = iterator.next()
        if (!isPromise(next)) arrive(next)
        else {
          asking = true
          next.then(arriveLater, fail)
        }
      }
    } catch (cause) {
      fail(cause)
    }
    pumping = false
  }

  const arriveLater = (result: IteratorResult<T, unknown>) => {
    asking = false
    arrive(result)
  }

  const close = () => {
    if (ended) return
    ended = true
    try {
      const farewell: unknown = iterator?.return?.()
      if (isPromise(farewell)) farewell.then(undefined, ignore)
    } catch {
      ignore()
    }
    // The `return()` of a Node stream stands in line behind the `next()` that waits for data, maybe for ever.
    if (asking && isDestroyable(source)) source.destroy()
  }

  return { pump, close }
}

/** Whoever closed has left, or has an error that came first: a failing farewell finds nobody to tell. */
const ignore = () => undefined

const iteratorOf = <T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> =>
  Symbol.asyncIterator in Object(source)
    ? (source as AsyncIterable<T>)[Symbol.asyncIterator]()
    : (source as Iterable<T>)[Symbol.iterator]()

const isPromise = <T>(value: T): value is T & PromiseLike<Awaited<T>> =>
  typeof (value as { then?: unknown } | undefined)?.then === 'function'

const isDestroyable = (source: object): source is { destroy: () => void } =>
  typeof (source as { destroy?: unknown }).destroy === 'function'
