import {
  BehaviorSubject,
  concat,
  defer,
  EMPTY,
  filter,
  finalize,
  firstValueFrom,
  from,
  ignoreElements,
  map,
  merge,
} from 'rxjs'
import type { Observable } from 'rxjs'
import { NEVER, of, ReplaySubject, take, takeUntil, tap, throwError, timer } from 'rxjs'
import { checkedMs } from '../client/checks.ts'
import { addReports, NOTHING_LEFT } from '../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import { alreadyConsuming, closed } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { ClientEvent } from '../observability/events.ts'
import { neverSync } from '../operators/never-sync.ts'
import { thenFinally, workUntil } from '../operators/work-until.ts'
import type { Delivery } from './delivery.ts'
import { createGroupSession } from './group-session.ts'
import type { GroupSession } from './group-session.ts'
import type { QueueProgress } from './queue-progress.ts'
import { resolveConsumerOptions } from './options.ts'
import type { ConsumerOptions } from './options.ts'
import { createWork, resolveProcessOptions } from './process.ts'
import type { Handler, Processed, ProcessOptions } from './process.ts'

/** The queues that this member holds. */
export interface Assignments {
  readonly current: readonly QueueRef[]
  readonly added: readonly QueueRef[]
  readonly removed: readonly QueueRef[]
}

/** What went wrong in a consumer without ending anything; `where` says in which step. */
export type ConsumerFailure = Extract<ClientEvent, { type: 'consumer-failure' }>

/** A member of a group: receives messages, at least once, while `process$` is subscribed to. */
export interface Consumer<D extends Delivery = Delivery> extends AsyncDisposable {
  readonly group: string
  /**
   * Joins the group and runs the handler on every message. A handler's failure is a policy (`onError`), never the end of
   * the stream. Stop with `until`: finishes what runs, commits, leaves, completes. Unsubscribing stops at once: what is
   * in hand comes again, here or elsewhere. One subscription at a time; a second one fails with
   * ERR_RMQ_ALREADY_CONSUMING, a later one waits for the end of the former.
   */
  process$(handler: Handler<D>, options?: ProcessOptions<D>): Observable<Processed<D>>
  /** What this member holds, now and whenever that changes. */
  readonly assignments$: Observable<Assignments>
  /** What goes wrong without ending anything: pulls, commits, handlers, send-backs. */
  readonly failures$: Observable<ConsumerFailure>
  /** Where every held queue stands, now and every so many ms (default 1,000). */
  lag$(everyMs?: number): Observable<readonly QueueProgress[]>
  /** As `until`: awaits what is in hand (at most `timing.drainMs`), and tells what was left. */
  close(options?: { readonly drainMs?: number }): Promise<CloseReport>
}

/** The queues of one list that are not in the other. */
const without = (queues: readonly QueueRef[], others: readonly QueueRef[]): readonly QueueRef[] => {
  const keys = new Set(others.map(queueKey))
  return queues.filter(queue => !keys.has(queueKey(queue)))
}

const NOTHING_HELD: Assignments = { current: [], added: [], removed: [] }

export const createConsumer = <D extends Delivery>(shared: SharedClient, options: ConsumerOptions): Consumer<D> => {
  const { runtime, timing, report, life, events$, closing$ } = shared
  const { scheduler, asap } = runtime
  const settings = resolveConsumerOptions(options, timing.commitMs)
  const { group } = settings
  const assignments = new BehaviorSubject<Assignments>(NOTHING_HELD)
  const stops = new ReplaySubject<number>(1) // drainMs
  let assigned: Assignments = NOTHING_HELD
  let session: GroupSession | undefined
  let active = false
  let isClosed = false
  let lastReport = NOTHING_LEFT
  let ended$: Observable<unknown> = EMPTY // completes when the former session has left

  const assign = (current: readonly QueueRef[]): void => {
    const added = without(current, assigned.current)
    const removed = without(assigned.current, current)
    if (added.length + removed.length === 0) return
    assigned = { current, added, removed }
    assignments.next(assigned)
    report({ type: 'assignment-changed', group, added: added.length, removed: removed.length, current: current.length })
  }

  const run$ = (handler: Handler<D>, given: ProcessOptions<D>): Observable<Processed<D>> =>
    defer(() => {
      const { concurrency, timeoutMs, keyBy, policy, until } = resolveProcessOptions(given as ProcessOptions)
      const mine = createGroupSession(shared, settings, assignment => assign([...assignment.values()]))
      session = mine
      let drainMs = timing.drainMs
      let dueAt: number | undefined // one deadline for the handlers and for what brokers have to confirm
      let failure: { readonly cause: unknown } | undefined
      let over = false
      let cut = 0
      const failing = new ReplaySubject<void>(1)
      const work = createWork({
        handler: handler as Handler,
        timeoutMs,
        policy,
        onDecodeError: settings.onDecodeError,
        onFailure: (where, error, { queue, offset }) =>
          report({ type: 'consumer-failure', group, where, error, queue, offset: offset.toString() }),
        onCut: () => cut++,
        onStop: cause => {
          failure ??= { cause }
          failing.next()
        },
        scheduler,
      })
      const until$ = merge(
        until === undefined ? NEVER : from(until).pipe(take(1)),
        stops.pipe(tap(ms => (drainMs = ms))),
        failing,
      )
      return mine.deliveries$.pipe(
        workUntil(work, {
          concurrency,
          ...(keyBy === undefined ? {} : { keyBy }),
          until$,
          putBack: delivery => delivery.release(),
          deadlineMs: () => {
            dueAt = scheduler.now() + drainMs
            return drainMs
          },
          scheduler,
        }),
        thenFinally(() =>
          mine
            .farewell$(dueAt === undefined ? drainMs : Math.max(0, dueAt - scheduler.now()))
            .pipe(tap(left => (lastReport = addReports(left, { ...NOTHING_LEFT, forced: cut > 0, unsettled: cut })))),
        ),
        finalize(() => {
          if (!over) abandon(mine)
          assign([])
          session = undefined
        }),
        tap({ complete: () => (over = true), error: () => (over = true) }),
        (source$: Observable<Processed>) =>
          concat(
            source$,
            defer(() => (failure === undefined ? EMPTY : throwError(() => failure?.cause))),
          ),
        map(processed => processed as Processed<D>),
      )
    })

  /** Unsubscribed: leave in the background; a later subscription waits for it. */
  const abandon = (mine: GroupSession): void => {
    const left = new ReplaySubject<never>(1)
    ended$ = left.asObservable()
    mine
      .abandon$()
      .pipe(life.held())
      .subscribe({ error: () => left.complete(), complete: () => left.complete() })
  }

  const process$ = (handler: Handler<D>, given: ProcessOptions<D> = {}): Observable<Processed<D>> =>
    defer((): Observable<Processed<D>> => {
      if (isClosed || shared.isClosed()) throw closed('the consumer')
      if (active) throw alreadyConsuming(group)
      const release = shared.claimGroup(group)
      active = true
      return concat(ended$.pipe(ignoreElements()), run$(handler, given)).pipe(
        finalize(() => {
          active = false
          release()
          idle.next()
        }),
      )
    }).pipe(neverSync(asap), life.held())

  const idle = new ReplaySubject<void>(1)
  const close$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      isClosed = true
      delist()
      if (!active) return of(NOTHING_LEFT)
      stops.next(drainMs)
      return idle.pipe(
        filter(() => !active),
        take(1),
        map(() => lastReport),
      )
    }).pipe(tap(() => assignments.complete()))
  const delist = shared.enlist({ kind: 'consumer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Consumer<D>['close'] = ({ drainMs } = {}) => {
    closing ??= firstValueFrom(close$(checkedMs('drainMs', drainMs, timing.drainMs, 0)).pipe(life.held()))
    return closing
  }

  return {
    group,
    process$,
    assignments$: assignments.asObservable(),
    failures$: events$.pipe(
      filter((event): event is ConsumerFailure => event.type === 'consumer-failure' && event.group === group),
    ),
    lag$: (everyMs = 1_000) =>
      timer(0, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(
        map(() => session?.progress() ?? []),
        takeUntil(closing$),
      ),
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
}
