import { catchError, concat, defer, EMPTY, ignoreElements, map, repeat, Subject, takeWhile, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { BrokerOutcome } from '../client/route-coordinator.ts'
import { overflow } from '../errors.ts'
import { exhaustMapTrailing } from '../operators/exhaust-map-trailing.ts'
import { createGatheredOutcomes } from './gathered-outcomes.ts'
import { MOST_RUNS } from './outcome-message.ts'
import type { OutcomeRun } from './outcome-message.ts'

export interface TellingOptions {
  /** How long outcomes gather before they are told, ms: on the average, and longer where many tell. */
  readonly everyMs: number
  /** How many others tell at the moment. */
  readonly others: () => number
  /** Tells them, in one message. */
  readonly tell$: (runs: readonly OutcomeRun[]) => Observable<unknown>
  readonly failed: (error: unknown) => void
  readonly scheduler: SchedulerLike
  readonly random: () => number
}

/** So many tell every `everyMs`. Of more, each waits longer: everybody hears everybody, and that must not become a flood. */
const AT_FULL_RATE = 8
/** But no longer than news is worth anything, ms. */
const LONGEST_WAIT_MS = 30_000

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
export const createTelling = ({ everyMs, others, tell$, failed, scheduler, random }: TellingOptions): Telling => {
  const gathered = createGatheredOutcomes()
  const additions = new Subject<void>()
  let turnedAway = 0

  /** Chance keeps processes from telling at the same time. Who hears many meanwhile waits on: they may have told it all. */
  const gathering$ = defer(() => {
    const begun = scheduler.now()
    const share = everyMs * (0.5 + random())
    const leftMs = (): number => {
      const waitMs = Math.min(share * Math.max(1, (others() + 1) / AT_FULL_RATE), Math.max(everyMs, LONGEST_WAIT_MS))
      return Math.max(0, Math.round(begun + waitMs - scheduler.now()))
    }
    return defer(() => timer(leftMs(), scheduler)).pipe(
      repeat(),
      map(leftMs),
      takeWhile(ms => ms > 0),
      ignoreElements(),
    )
  })
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
    telling$: additions.pipe(exhaustMapTrailing(() => (gathered.isEmpty() ? EMPTY : concat(gathering$, flush$())))),
    flush$,
  }
}
