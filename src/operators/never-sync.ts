import { Observable, type MonoTypeOperatorFunction, type SchedulerLike, type Subscriber } from 'rxjs'

interface Start<T> {
  readonly make$: () => Observable<T>
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
  const later$ = deferNeverSync<T>(asap)
  return source$ => later$(() => source$)
}

/**
 * `defer` and `neverSync` in one, for what is subscribed often: the source is made after the hop, and what making it throws
 * is its error. `hold` is called when somebody subscribes, and what it returns when that is over.
 */
export const deferNeverSync = <T>(
  asap: SchedulerLike,
  hold?: () => () => void,
): ((make$: () => Observable<T>) => Observable<T>) => {
  let waiting: Start<T>[] = []

  const startAll = () => {
    const starting = waiting
    waiting = [] // whoever subscribes from here on waits for the next hop
    for (const { make$, subscriber } of starting) if (!subscriber.closed) start(make$, subscriber)
  }

  return make$ =>
    new Observable<T>(subscriber => {
      if (hold !== undefined) subscriber.add(hold())
      if (waiting.push({ make$, subscriber }) === 1) asap.schedule(startAll)
    })
}

const start = <T>(make$: () => Observable<T>, subscriber: Subscriber<T>): void => {
  let source$: Observable<T>
  try {
    source$ = make$()
  } catch (cause) {
    subscriber.error(cause)
    return
  }
  source$.subscribe(subscriber)
}
