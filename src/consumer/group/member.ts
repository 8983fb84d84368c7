import { concat, concatMap, defer, EMPTY, filter, firstValueFrom, map, of, takeUntil, tap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import { optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedMs } from '../../client/checks.ts'
import type { CloseReport, SharedClient } from '../../client/shared-client.ts'
import { createAssignmentBoard } from './assignment-board.ts'
import type { Consumer, ConsumerFailure } from '../consumer.ts'
import { createConsumeMeter } from './consume-stats.ts'
import type { ConsumeMeter } from './consume-stats.ts'
import { createControls } from './controls.ts'
import type { SessionHooks } from './group-session.ts'
import type { ConsumerSettings } from '../options.ts'
import { createPauses } from '../queues/pauses.ts'
import type { Assignment } from '../allocation/rebalance.ts'
import { createSessionRuns } from './session-run.ts'
import type { SessionRuns } from './session-run.ts'
import { createSubscriptionSet } from '../subscriptions/subscription-set.ts'

/** The doors of every consumer, however it takes its messages. */
type Doors =
  | 'assignments$'
  | 'failures$'
  | 'lag$'
  | 'subscriptions'
  | 'offsetMetrics'
  | 'pause'
  | 'resume'
  | 'seek$'
  | 'seek'
  | 'commit$'
  | 'commit'

export interface Member {
  readonly runs: SessionRuns
  readonly meter: ConsumeMeter
  readonly doors: Pick<Consumer, Doors | 'close' | typeof Symbol.asyncDispose>
}

export interface MemberOptions extends Pick<SessionHooks, 'chosen$'> {
  /** Told of every assignment of a membership, the first one as well when it is empty. */
  readonly onAssignment?: (assignment: Assignment) => void
  /** What is left to do when all of it has ended, within `leftMs`. */
  readonly farewell$?: (leftMs: number) => Observable<never>
}

/** What a consumer is to its group: one membership after the other, what it holds, and how it ends. */
export const createMember = (
  shared: SharedClient,
  settings: ConsumerSettings,
  { chosen$, onAssignment = () => undefined, farewell$ = () => EMPTY }: MemberOptions = {},
): Member => {
  const { runtime, timing, report, life, events$, closing$ } = shared
  const { scheduler } = runtime
  const { group } = settings
  const board = createAssignmentBoard(({ current, added, removed, reason }) => {
    const counts = { added: added.length, removed: removed.length, current: current.length }
    report({ type: 'assignment-changed', group, ...counts, reason })
  })
  const pauses = createPauses()
  const subscriptions = createSubscriptionSet(settings.subscriptions, () => scheduler.now(), closing$)
  const meter = createConsumeMeter(() => scheduler.now())
  const runs = createSessionRuns(shared, settings, {
    onAssignment,
    board,
    isPaused: pauses.isPaused,
    meter,
    subscriptions,
    chosen$,
  })

  const close$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      delist()
      const dueAt = scheduler.now() + drainMs
      const goodbye$ = defer(() => farewell$(Math.max(0, dueAt - scheduler.now())))
      return runs.close$(drainMs).pipe(concatMap(left => concat(goodbye$, of(left))))
    }).pipe(tap(board.close))
  const delist = shared.enlist({ kind: 'consumer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Consumer['close'] = given => {
    const options = optionsOf('options', given)
    checkNames('close', options, { drainMs: 0 })
    const drainMs = checkedMs('drainMs', options.drainMs, timing.drainMs, 0)
    closing ??= firstValueFrom(close$(drainMs).pipe(life.held()))
    return closing
  }

  return {
    runs,
    meter,
    doors: {
      assignments$: board.assignments$,
      failures$: events$.pipe(
        filter((event): event is ConsumerFailure => event.type === 'consumer-failure' && event.group === group),
      ),
      lag$: (everyMs = 1_000) =>
        timer(0, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(
          map(() => runs.session()?.held.progress() ?? []),
          takeUntil(closing$),
        ),
      subscriptions,
      offsetMetrics: () => runs.session()?.offsetMetrics(),
      ...createControls(shared, runs.session, pauses),
      close,
      [Symbol.asyncDispose]: () => close().then(() => undefined),
    },
  }
}
