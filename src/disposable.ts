import type { Unsubscribable } from 'rxjs'

/** A subscription that `using` ends: `using running = disposable(stream$.subscribe(…))`. */
export const disposable = (subscription: Unsubscribable): Disposable => ({
  [Symbol.dispose]: () => subscription.unsubscribe(),
})
