import { Observable, type MonoTypeOperatorFunction, type SchedulerLike, type Subscriber } from 'rxjs'

interface Start<T> {
  readonly source$: Observable<T>
  readonly subscriber: Subscriber<T>
}

/**
 * Subscribes to the source one hop of `asap` later, so that nothing is ever notified inside `subscribe`: users'
 * `mergeMap`, `repeat` and `expand` then cannot overflow the stack or lose notifications. Unsubscribed before the
 * hop, the source is never subscribed at all.
 *
 * Make it once and use it for many: all that subscribe within one turn share one scheduled action, which is what
 * makes it cheaper than `subscribeOn`.
 */
export const neverSync = <T>(asap: SchedulerLike): MonoTypeOperatorFunction<T> => {
  let waiting: Start<T>[] = []

  const startAll = () => {
    const starting = waiting
    waiting = [] // whoever subscribes from here on waits for the next hop
    for (const { source$, subscriber } of starting) if (!subscriber.closed) source$.subscribe(subscriber)
  }

  return source$ =>
    new Observable<T>(subscriber => {
      if (waiting.push({ source$, subscriber }) === 1) asap.schedule(startAll)
    })
}
