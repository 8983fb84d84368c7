import { catchError, defaultIfEmpty, defer, EMPTY, ignoreElements, map, switchMap, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import type { QueueCommits } from './queue-commits.ts'
import type { StartPosition } from '../offsets/start-position.ts'

export interface QueueDepartureOptions {
  readonly commits: QueueCommits
  /** Where it stands, if anywhere. */
  readonly standing: () => Long | undefined
  /** The same, unless it stands where it began. */
  readonly moved: () => Long | undefined
  /** Where the group stands, as its brokers know it. */
  readonly position$: Observable<StartPosition>
  /** Nobody else reads it before it is unlocked. */
  readonly isLocked: boolean
}

/** How the last of a queue's progress is told when the queue goes to another member. */
export interface QueueDeparture {
  /** It is revoked: what is settled by now is told at once, so that the next owner begins no earlier than it must. */
  begin$(): Observable<never>
  /** Nothing is in hand any more, or time is up: tells the rest, unless the next owner is further already. */
  last$(): Observable<never>
  /** Revoked, and nothing keeps the next owner from reading it already: it may be further than this member. */
  isShared(): boolean
  /** The next owner was seen to be further: nothing of this member's progress is missing. */
  isOvertaken(): boolean
}

export const createQueueDeparture = (options: QueueDepartureOptions): QueueDeparture => {
  const { commits, standing, moved, position$, isLocked } = options
  let isShared = false
  let isOvertaken = false

  const look$ = defer(() => (isShared && standing() !== undefined ? position$ : EMPTY)).pipe(
    map(({ reason, offset }) => reason === 'committed' && offset.greaterThan(standing() ?? offset)),
    catchError(() => EMPTY), // the commit will tell
    defaultIfEmpty(false),
    tap(is => (isOvertaken = is)),
  )
  return {
    begin$: () =>
      defer(() => {
        if (isLocked) return EMPTY
        isShared = true
        return commits.catchUp$(moved).pipe(
          ignoreElements(),
          catchError(() => EMPTY),
        )
      }),
    last$: () => look$.pipe(switchMap(is => (is ? EMPTY : commits.farewell$(standing)))),
    isShared: () => isShared,
    isOvertaken: () => isOvertaken,
  }
}
