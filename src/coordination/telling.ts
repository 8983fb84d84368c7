import { catchError, concat, defer, EMPTY, ignoreElements, Subject, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { BrokerOutcome } from '../client/route-coordinator.ts'
import { overflow } from '../errors.ts'
import { exhaustMapTrailing } from '../operators/exhaust-map-trailing.ts'
import { createGatheredOutcomes } from './gathered-outcomes.ts'
import { MOST_RUNS } from './outcome-message.ts'
import type { OutcomeRun } from './outcome-message.ts'

export interface TellingOptions {
  /** How long outcomes gather before they are told, ms. */
  readonly everyMs: number
  /** Tells them, in one message. */
  readonly tell$: (runs: readonly OutcomeRun[]) => Observable<unknown>
  readonly failed: (error: unknown) => void
  readonly scheduler: SchedulerLike
}

export interface Telling {
  /** Never fails and never waits. */
  add(outcome: BrokerOutcome): void
  /** Tells while it is subscribed to. Never emits, never ends. */
  readonly telling$: Observable<never>
  /** Tells what waits now; completes when that has ended. */
  flush$(): Observable<never>
}

/**
 * Outcomes gather for an interval, then one message tells them. There is never more than one on the way, and what cannot
 * be told is dropped: by the next interval it may be wrong. No timer runs while there is nothing to tell.
 */
export const createTelling = ({ everyMs, tell$, failed, scheduler }: TellingOptions): Telling => {
  const gathered = createGatheredOutcomes()
  const additions = new Subject<void>()
  let turnedAway = 0

  const flush$ = (): Observable<never> =>
    defer(() => {
      if (turnedAway > 0) failed(overflow(`the list of outcomes to tell (${turnedAway} dropped)`, MOST_RUNS))
      turnedAway = 0
      return gathered.isEmpty() ? EMPTY : tell$(gathered.take())
    }).pipe(
      ignoreElements(),
      catchError((error: unknown) => {
        failed(error)
        return EMPTY
      }),
    )
  return {
    add: outcome => {
      if (!gathered.add(outcome)) turnedAway++
      additions.next()
    },
    telling$: additions.pipe(
      exhaustMapTrailing(() =>
        gathered.isEmpty() ? EMPTY : concat(timer(everyMs, scheduler).pipe(ignoreElements()), flush$()),
      ),
    ),
    flush$,
  }
}
