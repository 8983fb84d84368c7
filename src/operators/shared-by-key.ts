import { defer, finalize, type Observable } from 'rxjs'
import { shareState } from './state.ts'

/**
 * One live subscription per key, shared by everyone who asks and opened anew after it ended. Latecomers get the
 * current value at once. When the last subscriber leaves, it stays open until `linger$(key)` emits; if that is a timer,
 * race it with the end of the client, which must replay.
 *
 * `open$` is called for each opening. Errors and completion reach all who share; whoever subscribes again, even from
 * within the error, shares the next opening. A key that nobody uses takes no memory.
 *
 * @param recipes only for tests, to see what is remembered
 */
export const sharedByKey = <T>(
  open$: (key: string) => Observable<T>,
  linger$: (key: string) => Observable<unknown>,
  recipes: Map<string, Observable<T>> = new Map(),
): ((key: string) => Observable<T>) => {
  const recipe$ = (key: string): Observable<T> => {
    let open = 0
    // Counted, because the end of one opening may not be the end: someone may have subscribed again inside the error.
    // Were the recipe forgotten then, the next to ask would open a second one beside theirs.
    const close = () => {
      if (--open === 0) recipes.delete(key)
    }
    const opened$ = defer(() => {
      open++
      return defer(() => open$(key)).pipe(finalize(close))
    })
    const shared$ = opened$.pipe(shareState(() => linger$(key)))
    recipes.set(key, shared$)
    return shared$
  }

  // Looked up at each subscription: what was handed out long ago shares with what is asked for today.
  return key => defer(() => recipes.get(key) ?? recipe$(key))
}
