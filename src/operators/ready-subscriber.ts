import { Subscriber } from 'rxjs'

/**
 * A subscriber that exists before the subscription does. `source$.subscribe(observer)` hands out its Subscription only
 * when it returns, too late to stop a source that emits for ever inside `subscribe`; this one can be unsubscribed
 * from within.
 */
export const readySubscriber = <T>(
  next: (value: T) => void,
  error: (cause: unknown) => void,
  complete: () => void,
): Subscriber<T> =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- rxjs 7 gives operators outside itself no other way
  new Subscriber<T>({ next, error, complete })
