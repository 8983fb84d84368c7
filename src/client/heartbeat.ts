import {
  catchError,
  defer,
  EMPTY,
  filter,
  finalize,
  map,
  merge,
  Observable,
  of,
  Subject,
  switchMap,
  take,
  takeUntil,
  timer,
} from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { isRocketError, protocolError } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { exhaustMapTrailing } from '../operators/exhaust-map-trailing.ts'
import { runEach } from '../operators/run-each.ts'
import { sharedByKey } from '../operators/shared-by-key.ts'
import type { ConsumerData, HeartbeatData } from '../protocol/bodies/bodies.ts'
import type { GateState } from '../remoting/gate.ts'

/** Someone whom brokers must know: a producer group, or a consumer group with its subscriptions. */
export interface Member {
  readonly producerGroup?: string
  readonly consumer?: () => ConsumerData
  /** The brokers that must know it, now and whenever that changes. */
  readonly endpoints$: Observable<ReadonlySet<string>>
}

export interface Heartbeats {
  /** Subscribe to be known to brokers; emits once, synchronously, how to wait for that. Unsubscribing is to be forgotten. */
  announce$(member: Member): Observable<Announced>
  /** One heartbeat more, soon, to a broker that is being told of members; to any other, nothing. */
  probe(endpoint: string): void
  /** The brokers that were told of a producer group, for whoever leaves it last: none while another is announced, none twice. */
  takeLeave(producerGroup: string): ReadonlySet<string>
  /** So far. */
  counts(): HeartbeatCounts
}

/** Heartbeats to all brokers since the client was made. */
export interface HeartbeatCounts {
  readonly confirmed: number
  readonly failed: number
  /** Brokers that are sent heartbeats now. */
  readonly brokers: number
}

export interface Announced {
  /** Emits when this broker has confirmed, on its present connection, a heartbeat that names the member. */
  known$(endpoint: string): Observable<unknown>
  /** The member's data changed: tell the brokers at once. */
  changed(): void
}

export interface HeartbeatOptions {
  readonly clientId: string
  readonly membership: { heartbeat$(endpoint: string, data: HeartbeatData, timeoutMs: number): Observable<unknown> }
  readonly gate$: (endpoint: string) => Observable<GateState>
  readonly report: Report
  readonly scheduler: SchedulerLike
  readonly periodMs: number
  readonly timeoutMs: number
}

const NOBODY: ReadonlySet<string> = new Set()

/** After a heartbeat that failed on a live connection, ms. */
const RETRY_MS = 1_000

/** The newest member data that a broker has confirmed on its present connection; -1 while there is none. */
type Confirmed = number

/**
 * One ticker per broker in use: a slow broker neither delays the others nor piles up. A connection that comes up is
 * greeted at once, because membership is per connection.
 */
export const createHeartbeats = (options: HeartbeatOptions): Heartbeats => {
  const { clientId, membership, gate$, report, scheduler, periodMs, timeoutMs } = options
  const members = new Set<Member>()
  const toldOf = new Map<string, Set<string>>() // producer group ⇒ endpoints: every broker is told of every group
  const nudges = new Subject<void>()
  const failures = new Subject<string>()
  const probes = new Subject<string>()
  let generation = 0
  let confirmed = 0
  let failed = 0
  let brokers = 0

  const beat$ = (endpoint: string): Observable<Confirmed> =>
    defer(() => {
      const told = generation
      const producerGroups = [...new Set([...members].flatMap(member => member.producerGroup ?? []))]
      for (const group of producerGroups) toldOf.set(group, (toldOf.get(group) ?? new Set()).add(endpoint))
      const data = {
        clientId,
        producerGroups,
        consumers: [...members].flatMap(member => member.consumer?.() ?? []),
      }
      return membership.heartbeat$(endpoint, data, timeoutMs).pipe(
        map(() => {
          confirmed++
          report({ type: 'heartbeat-confirmed', endpoint })
          return told
        }),
      )
    }).pipe(
      catchError((cause: unknown) => {
        const error = isRocketError(cause) ? cause : protocolError('heartbeat failed', { cause })
        failed++
        report({ type: 'heartbeat-failed', endpoint, error })
        failures.next(endpoint)
        return EMPTY // what it confirmed before on this connection still holds
      }),
    )

  /** Members changed, or the last heartbeat to this broker failed a moment ago. */
  const nudged$ = (endpoint: string): Observable<unknown> =>
    merge(
      nudges,
      probes.pipe(filter(probed => probed === endpoint)),
      failures.pipe(
        filter(failed => failed === endpoint),
        switchMap(() => timer(RETRY_MS, scheduler)),
      ),
    )

  const counted$ = <T>(gate$: Observable<T>): Observable<T> =>
    defer(() => {
      brokers++
      return gate$.pipe(finalize(() => brokers--))
    })
  const beats$ = sharedByKey(
    (endpoint: string) =>
      counted$(gate$(endpoint)).pipe(
        switchMap(({ up }) =>
          up ? ticking$(() => beat$(endpoint), { periodMs, nudge$: nudged$(endpoint), scheduler }) : of(-1),
        ),
      ),
    () => of(true),
  )

  const announce$ = (member: Member): Observable<Announced> =>
    new Observable<Announced>(subscriber => {
      const changed = (): number => {
        members.add(member)
        generation++
        nudges.next()
        return generation
      }
      let needed = changed()
      subscriber.add(() => {
        members.delete(member)
        generation++
      })
      subscriber.next({
        known$: endpoint =>
          defer(() => beats$(endpoint)).pipe(
            filter(confirmed => confirmed >= needed),
            take(1),
          ),
        changed: () => {
          needed = changed()
        },
      })
      subscriber.add(
        member.endpoints$
          .pipe(
            map(endpoints => new Map([...endpoints].map(endpoint => [endpoint, endpoint]))),
            runEach((endpoint, left$) => beats$(endpoint).pipe(takeUntil(left$))),
          )
          .subscribe({ error: (cause: unknown) => subscriber.error(cause) }),
      )
    })

  return {
    announce$,
    probe: endpoint => probes.next(endpoint),
    takeLeave: group => {
      const told = toldOf.get(group)
      if (told === undefined || [...members].some(({ producerGroup }) => producerGroup === group)) return NOBODY
      toldOf.delete(group)
      return told
    },
    counts: () => ({ confirmed, failed, brokers }),
  }
}

interface TickOptions {
  readonly periodMs: number
  readonly nudge$: Observable<unknown>
  readonly scheduler: SchedulerLike
}

/** Now, every period, and when nudged. A tick that finds the last beat under way is left out; a nudge is not. */
export const ticking$ = <T>(work$: () => Observable<T>, { periodMs, nudge$, scheduler }: TickOptions): Observable<T> =>
  defer(() => {
    let busy = false
    const ticks$ = timer(0, periodMs, scheduler).pipe(filter(() => !busy))
    return merge(ticks$, nudge$).pipe(
      exhaustMapTrailing(() => {
        busy = true
        return work$().pipe(finalize(() => (busy = false)))
      }),
    )
  })
