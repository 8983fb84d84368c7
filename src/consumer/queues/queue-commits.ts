import { catchError, defer, EMPTY, ignoreElements, of, ReplaySubject, retry, share, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import { createPermits } from '../../operators/permits.ts'

export interface QueueCommitsOptions {
  readonly tell$: (offset: Long) => Observable<void>
  readonly onFailure: (error: unknown) => void
}

/** What of one queue's progress its broker knows. */
export interface QueueCommits {
  /** What the broker confirmed last. */
  readonly committed: Long | undefined
  /** The broker said so. */
  known(offset: Long): void
  /** Tells this offset. Errors when it failed, which is reported. */
  tell$(offset: Long): Observable<void>
  /** Tells where it stands at its turn, if that changed and is anywhere. */
  catchUp$(where: () => Long | undefined): Observable<void>
  /** The same for the last time: tried twice, and what fails then is for the next owner. */
  farewell$(where: () => Long | undefined): Observable<never>
}

/**
 * One after the other: what is under way together a broker may carry out in any order, and then stand at the older one.
 * Who is unsubscribed while it waits is skipped; what is under way keeps its turn until the broker has answered, whoever
 * is still interested.
 */
export const createQueueCommits = ({ tell$, onFailure }: QueueCommitsOptions): QueueCommits => {
  let committed: Long | undefined
  const turns = createPermits(() => 1)

  const inTurn$ = (work$: Observable<void>): Observable<void> =>
    defer(() => {
      let isUnderWay = false
      const begin$ = () => {
        isUnderWay = true
        return work$
      }
      return turns.within$(begin$).pipe(
        share({
          connector: () => new ReplaySubject(1),
          resetOnRefCountZero: () => (isUnderWay ? EMPTY : of(undefined)),
          resetOnComplete: false,
          resetOnError: false,
        }),
      )
    })
  const told$ = (offset: Long): Observable<void> =>
    tell$(offset).pipe(tap({ next: () => (committed = offset), error: onFailure }))
  const catchUp$: QueueCommits['catchUp$'] = where =>
    inTurn$(
      defer(() => {
        const offset = where()
        return offset === undefined || committed?.equals(offset) === true ? EMPTY : told$(offset)
      }),
    )

  return {
    get committed() {
      return committed
    },
    known: offset => {
      committed = offset
    },
    tell$: offset => inTurn$(defer(() => told$(offset))),
    catchUp$,
    farewell$: where =>
      catchUp$(where).pipe(
        retry({ count: 1 }),
        ignoreElements(),
        catchError(() => EMPTY),
      ),
  }
}
