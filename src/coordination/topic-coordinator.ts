import { defer, finalize, firstValueFrom, merge, ReplaySubject, share, Subject, takeUntil } from 'rxjs'
import type { Observable } from 'rxjs'
import type { ClientConfig } from '../client/config.ts'
import type { BrokerOutcome, RouteCoordinator } from '../client/route-coordinator.ts'
import { resolveCoordinatorOptions } from './coordinator-options.ts'
import type { TopicCoordinatorOptions } from './coordinator-options.ts'
import { createOutcomeSharing } from './outcome-sharing.ts'
import type { OutcomeSharing } from './outcome-sharing.ts'

/** A `RouteCoordinator` that carries outcomes to other processes, and ends with its clients, or before them. */
export interface TopicCoordinator extends RouteCoordinator, AsyncDisposable {
  /**
   * Whatever keeps outcomes from being shared, of each kind no more than once in 10 s; its clients tell it as the event
   * `coordinator-failed`. No send fails.
   */
  readonly failures$: Observable<unknown>
  /** Tells what waits, leaves, and shares nothing any more; its clients go on alone. Takes no more than a few seconds. */
  close(): Promise<void>
}

/**
 * Shares what clients see of brokers with other processes, over a topic that each of them reads and writes: what one finds
 * failing the others avoid before they have sent there. Give it to each client of a process, in `coordinator`.
 *
 * It reaches the cluster as `config` says, by a client of its own that connects when the first client is made with it, and
 * ends with the last one. Outcomes gather for `everyMs` and leave as one small message that nobody answers; those that
 * come late or get lost do no harm, as each client goes by what it sees itself, too.
 */
export const topicCoordinator = (config: ClientConfig, options?: TopicCoordinatorOptions): TopicCoordinator => {
  const settings = resolveCoordinatorOptions(config, options)
  const seenHere = new Subject<BrokerOutcome>()
  const failures = new Subject<unknown>()
  const ending = new ReplaySubject<void>(1)
  let sharing: OutcomeSharing | undefined
  let left: Promise<unknown> = Promise.resolve()

  const heard$ = defer(() => {
    const mine = createOutcomeSharing(settings, error => failures.next(error))
    sharing = mine
    return mine.heard$.pipe(
      finalize(() => {
        sharing = undefined
        const before = left
        left = firstValueFrom(mine.end$).then(() => before)
      }),
    )
  }).pipe(share())

  const close = async (): Promise<void> => {
    ending.next()
    await left
  }
  return {
    publish: outcome => {
      sharing?.tell(outcome)
      seenHere.next(outcome)
    },
    outcomes$: merge(heard$, seenHere).pipe(takeUntil(ending)),
    failures$: failures.pipe(takeUntil(ending)),
    close,
    [Symbol.asyncDispose]: close,
  }
}
