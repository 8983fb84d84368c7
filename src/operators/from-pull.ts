import { asapScheduler, defer, Observable, type ObservableInput, type SchedulerLike } from 'rxjs'
import { atLeastOne, boundedMap, type BoundedMapOptions } from './bounded-map.ts'
import { pullOneByOne } from './pull-one-by-one.ts'

export interface BoundedPullOptions<T, R = never> extends Omit<BoundedMapOptions<T, R>, 'buffer'> {
  /** Where the first item is asked for: never inside `subscribe`. Default `asapScheduler`. */
  readonly asap?: SchedulerLike | undefined
}

/**
 * `boundedMap` over something that can be asked: an array, a generator, an async generator, a Node stream. `next()` is
 * called only when a slot is free, so it never reads ahead of what is at work (an item whose key is busy takes a
 * slot, too, and so does a result held behind a slow head). When it ends early, by an error, by `until$` or by being
 * unsubscribed, `return()` is called, as `for await` does on `break`: a Node stream is destroyed.
 *
 * `putBack` also gets the item that had been asked for before such an end and arrived after it.
 */
export const boundedPull = <T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  work: (item: T, index: number) => ObservableInput<R>,
  { asap = asapScheduler, ...options }: BoundedPullOptions<T, R>,
): Observable<R> =>
  defer(() => {
    const { concurrency, putBack, onLoad } = options
    let taken = 0
    let pump = () => {} // until the source is subscribed there is nothing to pump
    const hasRoom = () => taken < atLeastOne(concurrency)

    const items$ = new Observable<T>(subscriber => {
      const puller = pullOneByOne(source, subscriber, { hasRoom, putBack })
      pump = puller.pump
      subscriber.add(puller.close)
      subscriber.add(asap.schedule(pump))
    })
    return items$.pipe(
      boundedMap(work, {
        ...options,
        onLoad: load => {
          taken = load.active + load.waiting + load.held
          onLoad?.(load)
          pump()
        },
      }),
    )
  })
