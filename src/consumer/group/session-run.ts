import { concat, defer, EMPTY, filter, finalize, from, ignoreElements, merge, NEVER, of, ReplaySubject } from 'rxjs'
import { share, take, takeUntil, tap, throwError, timer } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import { addReports, NOTHING_LEFT } from '../../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../../client/shared-client.ts'
import { alreadyConsuming, closed } from '../../errors.ts'
import { neverSync } from '../../operators/never-sync.ts'
import { thenFinally } from '../../operators/work-until.ts'
import { createGroupSession } from './group-session.ts'
import type { GroupSession, SessionHooks } from './group-session.ts'
import type { ConsumerSettings } from '../options.ts'

/** How a run learns that it shall end, and how it says how it ended. */
export interface Ending {
  /** The wish to end gracefully. It replays. */
  readonly until$: Observable<unknown>
  /** Asked at the wish: how long what runs may take, ms. */
  readonly deadlineMs: () => number
  /** Ends gracefully, and then with this error. */
  readonly fail: (cause: unknown) => void
  /** Work was given up because time ran out. */
  readonly onCut: () => void
}

/** One membership after the other, and how they end. */
export interface SessionRuns {
  /** Joins the group while it is subscribed to. One at a time: a later one waits for the end of the former. */
  run$<R>(
    until: ObservableInput<unknown> | undefined,
    body: (session: GroupSession, ending: Ending) => Observable<R>,
  ): Observable<R>
  session(): GroupSession | undefined
  /** Nothing begins any more. */
  isClosed(): boolean
  /** Ends what runs, gracefully; nothing begins any more. One report. */
  close$(drainMs: number): Observable<CloseReport>
  /** The same, but a later run may begin. */
  drain$(drainMs: number): Observable<CloseReport>
}

/** From now on: the wish to stop may be uttered while the former membership still ends. */
const listen = (until: ObservableInput<unknown> | undefined) => {
  const wishes = new ReplaySubject<unknown>(1)
  const first$ = from(until ?? NEVER).pipe(take(1))
  return { wish$: wishes.asObservable(), listening: first$.subscribe(wishes) }
}

export const createSessionRuns = (
  shared: SharedClient,
  settings: ConsumerSettings,
  hooks: SessionHooks,
): SessionRuns => {
  const { runtime, timing, life } = shared
  const { scheduler, asap } = runtime
  const { group } = settings
  let stops = new ReplaySubject<number>(1) // drainMs
  const idle = new ReplaySubject<void>(1)
  let session: GroupSession | undefined
  let active = false
  let closing = false
  let lastReport = NOTHING_LEFT
  let ended$: Observable<unknown> = EMPTY // completes when the former session has left

  const isClosed = (): boolean => closing || shared.isClosed()
  /** Unsubscribed: leave in the background; a later subscription waits for it. */
  const abandon = (mine: GroupSession): void => {
    const left = new ReplaySubject<never>(1)
    ended$ = left.asObservable()
    const gone = (): void => {
      hooks.board.left()
      left.complete()
    }
    mine.abandon$().pipe(life.held()).subscribe({ error: gone, complete: gone })
  }

  const begun$ = <R>(wish$: Observable<unknown>, body: (session: GroupSession, ending: Ending) => Observable<R>) =>
    defer(() => {
      const mine = createGroupSession(shared, settings, hooks)
      session = mine
      let drainMs = timing.drainMs
      let dueAt: number | undefined // one deadline for the handlers and for what brokers have to confirm
      let failure: { readonly cause: unknown } | undefined
      let over = false
      let cut = 0
      const failing = new ReplaySubject<void>(1)
      const ending: Ending = {
        until$: merge(wish$, stops.pipe(tap(ms => (drainMs = ms))), failing).pipe(
          share({ connector: () => new ReplaySubject(1), resetOnComplete: false, resetOnError: false }),
        ),
        deadlineMs: () => {
          dueAt = scheduler.now() + drainMs
          return drainMs
        },
        fail: cause => {
          failure ??= { cause }
          failing.next()
        },
        onCut: () => {
          cut++
        },
      }
      const farewell$ = defer(() =>
        mine.farewell$(dueAt === undefined ? drainMs : Math.max(0, dueAt - scheduler.now())),
      ).pipe(tap(left => (lastReport = addReports(left, { ...NOTHING_LEFT, forced: cut > 0, unsettled: cut }))))
      return concat(
        body(mine, ending).pipe(
          thenFinally(() => farewell$),
          finalize(() => {
            if (over) hooks.board.left()
            else abandon(mine)
            hooks.onAssignment(new Map())
            session = undefined
          }),
          tap({ complete: () => (over = true), error: () => (over = true) }),
        ),
        defer(() => (failure === undefined ? EMPTY : throwError(() => failure?.cause))),
      )
    })

  const run$: SessionRuns['run$'] = (until, body) =>
    defer(() => {
      if (isClosed()) throw closed('the consumer')
      if (active) throw alreadyConsuming(group)
      const release = shared.claimGroup(group)
      active = true
      stops = new ReplaySubject(1)
      lastReport = NOTHING_LEFT
      const { wish$, listening } = listen(until)
      return concat(ended$.pipe(ignoreElements()), begun$(wish$, body)).pipe(
        finalize(() => {
          listening.unsubscribe()
          active = false
          release()
          idle.next()
        }),
      )
    }).pipe(neverSync(asap), life.held())

  const drain$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      if (active) stops.next(drainMs)
      const over$ = active ? idle.pipe(filter(() => !active)) : of(undefined)
      return concat(over$.pipe(take(1), ignoreElements()), left$(drainMs))
    })
  /** Who was unsubscribed commits and leaves in the background: nobody takes the connections away under it. */
  const left$ = (drainMs: number): Observable<CloseReport> =>
    concat(
      defer(() => ended$.pipe(ignoreElements(), takeUntil(timer(drainMs, scheduler)))),
      defer(() => of(lastReport)),
    )
  return {
    run$,
    session: () => session,
    isClosed,
    drain$,
    close$: drainMs =>
      defer(() => {
        closing = true
        return drain$(drainMs)
      }),
  }
}
