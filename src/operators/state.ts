import { defer, EMPTY, finalize, ReplaySubject, share, tap } from 'rxjs'
import type { MonoTypeOperatorFunction, Observable } from 'rxjs'

/**
 * One subscription to the source, shared by all; whoever comes later gets the current value at once. After an end,
 * good or bad, the next subscriber starts the source anew: nobody is handed the last words of the dead.
 *
 * When the last subscriber leaves, the source stays until `linger$()` emits; without it, it is left at once. (If
 * `linger$()` waits on a timer, let the end of the client end it too: a pending timer keeps the process alive.)
 */
export const shareState =
  <T>(linger$?: () => Observable<unknown>): MonoTypeOperatorFunction<T> =>
  source$ => {
    let running = 0
    const watched$ = defer(() => {
      let ended = false
      const end = () => {
        if (!ended) running--
        ended = true
      }
      running++
      // The tap hears of an end before the subscribers do, finalize only after them.
      return source$.pipe(tap({ error: end, complete: end }), finalize(end))
    })
    return watched$.pipe(
      share({
        connector: () => new ReplaySubject<T>(1),
        resetOnError: true,
        resetOnComplete: true,
        // `share` asks this after an end, too, when there is nothing left to linger for.
        resetOnRefCountZero: linger$ ? () => (running > 0 ? linger$() : EMPTY) : true,
      }),
    )
  }
