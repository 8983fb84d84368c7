import { defer, finalize, type Observable } from 'rxjs'
import { shareState } from './state.ts'

/** What is known under one key: how to share it, and who needs it. */
export interface SharedEntry<T> {
  readonly shared$: Observable<T>
  subscribers: number
  open: number
}

/**
 * One live subscription per key, shared by everyone who asks and opened anew after it ended. Latecomers get the
 * current value at once. When the last subscriber leaves, it stays open until `linger$()` emits; if that is a timer,
 * race it with the end of the client, which must replay.
 *
 * `open$` is called for each opening. Errors and completion reach all who share; whoever subscribes again, even from
 * within the error, shares the next opening. A key that nobody uses takes no memory.
 *
 * @param entries only for tests, to see what is remembered
 */
export const sharedByKey = <T>(
  open$: (key: string) => Observable<T>,
  linger$: () => Observable<unknown>,
  entries = new Map<string, SharedEntry<T>>(),
): ((key: string) => Observable<T>) => {
  // Only when nobody uses it and nothing is open. To forget it at the end of each opening would be wrong: someone may
  // have subscribed again inside the error, and the next to ask would open a second one beside theirs.
  const forgetIdle = (key: string, entry: SharedEntry<T>) => {
    if (entry.subscribers === 0 && entry.open === 0) entries.delete(key)
  }

  const createEntry = (key: string): SharedEntry<T> => {
    const opened$ = defer(() => {
      entry.open++
      return defer(() => open$(key)).pipe(
        finalize(() => {
          entry.open--
          forgetIdle(key, entry)
        }),
      )
    })
    const entry: SharedEntry<T> = { shared$: opened$.pipe(shareState(linger$)), subscribers: 0, open: 0 }
    entries.set(key, entry)
    return entry
  }

  return key =>
    defer(() => {
      const entry = entries.get(key) ?? createEntry(key)
      entry.subscribers++
      return entry.shared$.pipe(
        finalize(() => {
          entry.subscribers--
          forgetIdle(key, entry)
        }),
      )
    })
}
