import { Observable, ReplaySubject } from 'rxjs'
import type { OperatorFunction, Subscription } from 'rxjs'

interface Run {
  readonly revokes: ReplaySubject<void>
  readonly subscription: Subscription
  /** Wanted again while it still winds up: begins anew when it has ended. */
  again: boolean
}

/**
 * Keeps one run per member of a changing set. A new member starts one; a member that leaves is told through `revoked$`
 * and may take its time to end; one that comes back meanwhile starts when the old run has ended. A run that ends by
 * itself is not started again. Completes after the source and the last run; unsubscribing ends all at once.
 */
export const runEach =
  <V, R>(run: (value: V, revoked$: Observable<void>) => Observable<R>): OperatorFunction<ReadonlyMap<string, V>, R> =>
  wanted$ =>
    new Observable<R>(subscriber => {
      const runs = new Map<string, Run>()
      let wanted: ReadonlyMap<string, V> = new Map()
      let sourceOpen = true

      const ended = (key: string, mine: Run): void => {
        runs.delete(key)
        const value = wanted.get(key)
        if (mine.again && value !== undefined) start(key, value)
        else completeIfOver()
      }
      const completeIfOver = (): void => {
        if (!sourceOpen && runs.size === 0) subscriber.complete()
      }
      const start = (key: string, value: V): void => {
        const revokes = new ReplaySubject<void>(1)
        const run$ = run(value, revokes.asObservable())
        const subscription = new Observable<R>(sink => run$.subscribe(sink)).subscribe({
          next: result => subscriber.next(result),
          error: (cause: unknown) => subscriber.error(cause),
          complete: () => {
            const mine = runs.get(key)
            if (mine !== undefined) ended(key, mine)
          },
        })
        if (subscription.closed) completeIfOver()
        else runs.set(key, { revokes, subscription, again: false })
      }
      const reconcile = (next: ReadonlyMap<string, V>): void => {
        const before = wanted
        wanted = next
        for (const [key, run] of runs) {
          if (next.has(key)) {
            if (!before.has(key)) run.again = true
          } else {
            run.again = false
            run.revokes.next()
          }
        }
        for (const [key, value] of next) if (!before.has(key) && !runs.has(key)) start(key, value)
      }

      subscriber.add(() => {
        for (const { subscription } of runs.values()) subscription.unsubscribe()
      })
      subscriber.add(
        wanted$.subscribe({
          next: reconcile,
          error: (cause: unknown) => subscriber.error(cause),
          complete: () => {
            sourceOpen = false
            completeIfOver()
          },
        }),
      )
    })
