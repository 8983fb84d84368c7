import { concat, defer, of, race, ReplaySubject, share, switchMap, take, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { NOTHING_LEFT } from '../client/shared-client.ts'
import type { CloseReport } from '../client/shared-client.ts'
import type { GroupMembership } from './group-membership.ts'
import type { Requests } from './request-reply.ts'
import type { SendSlots } from './send-slots.ts'

/** What ends with a producer. */
export interface Ending {
  readonly slots: Pick<SendSlots, 'refuse' | 'flushed$' | 'pressure' | 'close'>
  readonly requests: Pick<Requests, 'idle$' | 'open' | 'close'>
  readonly membership: Pick<GroupMembership, 'leave$'>
  /** What goes with it, when the last send has ended. Completes within `leftMs`. */
  readonly farewell$: (leftMs: number) => Observable<never>
  /** Nothing is left to do but to let go. */
  readonly letGo: () => void
  readonly scheduler: SchedulerLike
}

/**
 * The end of a producer: nothing more is accepted, what is on the way is awaited, brokers are told. It takes place once,
 * however often and by whomever it is asked for; everybody gets the same report.
 */
export const createEnd = (ending: Ending): ((drainMs: number) => Observable<CloseReport>) => {
  const { slots, requests, membership, farewell$, letGo, scheduler } = ending

  const takesPlace$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      const dueAt = scheduler.now() + drainMs
      const leftMs = (): number => Math.max(0, dueAt - scheduler.now())
      const done$ = slots.flushed$.pipe(switchMap(() => requests.idle$))
      return race<unknown[]>(done$, timer(drainMs, scheduler)).pipe(
        take(1),
        switchMap(() => {
          const { inFlight, queued } = slots.pressure()
          const forced = inFlight + queued + requests.open() > 0
          const report: CloseReport = { ...NOTHING_LEFT, forced, unsent: queued, inFlight }
          requests.close()
          slots.close()
          return concat(
            defer(() => farewell$(leftMs())),
            defer(() => membership.leave$(leftMs())),
            defer(() => {
              letGo()
              return of(report)
            }),
          )
        }),
      )
    })

  let end$: Observable<CloseReport> | undefined
  return drainMs => {
    slots.refuse()
    return (end$ ??= takesPlace$(drainMs).pipe(
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false, resetOnRefCountZero: false }),
    ))
  }
}
