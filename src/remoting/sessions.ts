import {
  asyncScheduler,
  catchError,
  defer,
  EMPTY,
  filter,
  finalize,
  ignoreElements,
  merge,
  Observable,
  of,
  race,
  repeat,
  Subject,
  switchMap,
  take,
  tap,
  timer,
} from 'rxjs'
import type { SchedulerLike } from 'rxjs'
import { closed, isRocketError, notConnected } from '../errors.ts'
import type { ConnectionRole, Report } from '../observability/events.ts'
import { SILENT } from '../observability/events.ts'
import { sharedByKey } from '../operators/shared-by-key.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import type { Transport } from './connection.ts'
import type { Read } from './correlate.ts'
import { gate$ } from './gate.ts'
import type { GateOptions, GateState } from './gate.ts'
import { session$ } from './session.ts'
import type { Session } from './session.ts'

/** A request that a server made, and the way to answer it. */
export interface Inbound {
  readonly endpoint: string
  readonly frame: Frame
  reply$(response: Frame): Observable<void>
}

/** A request to a server, and how long and how patiently it may wait. */
export interface Ask {
  readonly endpoint: string
  readonly role: ConnectionRole
  readonly frame: Frame
  /** For everything: waiting for a connection, writing, the answer. ms. */
  readonly timeoutMs: number
  /** Wait for a connection that is down, within the time; else fail at once so that another server can be tried. */
  readonly patient: boolean
  /** Called when the socket took the request: from here on it may be carried out. */
  readonly onWritten?: (() => void) | undefined
}

export interface Sessions {
  /** Asks once on the shared connection of the endpoint, dialing if there is none. Never repeats. */
  ask$(ask: Ask): Observable<Frame>
  /** The same, and makes something of the answer. */
  ask$<T>(ask: Ask, read: Read<T>): Observable<T>
  /** The same without an answer: one value when the socket took it. */
  tell$(ask: Ask): Observable<void>
  /** The state of one connection; being subscribed keeps it in use. */
  gate$(endpoint: string, role: ConnectionRole): Observable<GateState>
  /** What servers ask of us, on all connections. Hot. */
  readonly inbound$: Observable<Inbound>
  /** The sessions that are up now. */
  live(): readonly LiveSession[]
}

export interface SessionsOptions extends GateOptions {
  readonly transport: Transport
  /** How long an unused connection stays open, ms. Default 60,000. */
  readonly idleMs?: number
  readonly maxInFlight?: number
  /** Emits, and replays, when nothing more may be dialed. */
  readonly closing$: Observable<unknown>
  readonly report?: Report
  readonly scheduler?: SchedulerLike
}

/** A session that is up. */
export interface LiveSession {
  readonly session: Session
  readonly role: ConnectionRole
}
/** And when somebody asked on it, or was answered, last. */
interface Live extends LiveSession {
  usedAt: number
}

/** One shared connection per endpoint and role, opened on demand, closed when idle. */
export const createSessions = (options: SessionsOptions): Sessions => {
  const { transport, closing$, idleMs = 60_000, maxInFlight, report = SILENT, ...gateOptions } = options
  const scheduler = options.scheduler ?? asyncScheduler
  const inbound = new Subject<Inbound>()
  const live = { control: new Map<string, Live>(), pull: new Map<string, Live>() }

  const open$ = (endpoint: string, role: ConnectionRole, proven: () => void): Observable<Session> =>
    defer(() => {
      report({ type: 'connection-state', endpoint, role, state: 'connecting' })
      return session$(transport.connect$(endpoint), {
        scheduler,
        onAnswer: () => {
          proven()
          const inUse = live[role].get(endpoint)
          if (inUse !== undefined) inUse.usedAt = scheduler.now()
        },
        onLate: ({ opaque }) => report({ type: 'late-response', endpoint, opaque }),
        ...(maxInFlight === undefined ? {} : { maxInFlight }),
      })
    })
  const setLive = (endpoint: string, role: ConnectionRole, session: Session | undefined): void => {
    if (session === undefined) live[role].delete(endpoint)
    else live[role].set(endpoint, { session, role, usedAt: scheduler.now() })
  }
  const told = (endpoint: string, role: ConnectionRole) => (state: GateState) => {
    setLive(endpoint, role, state.up ? state.session : undefined)
    if (state.up) {
      report({ type: 'connection-state', endpoint, role, state: 'connected' })
    } else {
      const { cause, retryInMs } = state
      report({ type: 'connection-state', endpoint, role, state: 'disconnected', cause, retryInMs })
    }
  }
  const left = (endpoint: string, role: ConnectionRole) => () => {
    setLive(endpoint, role, undefined)
    report({ type: 'connection-state', endpoint, role, state: 'closing' }) // what was written still flushes
    report({ type: 'connection-state', endpoint, role, state: 'closed' })
  }
  const opened$ = (endpoint: string, role: ConnectionRole): Observable<GateState> =>
    gate$(proven => open$(endpoint, role, proven), gateOptions).pipe(
      tap(told(endpoint, role)),
      switchMap(state => (state.up ? merge(of(state), handedOn$(state.session, inbound)) : of(state))),
      finalize(left(endpoint, role)),
    )

  /** Emits after a whole idle time without use: who asks on a live session does not subscribe to its gate. */
  const idle$ = (endpoint: string, role: ConnectionRole): Observable<unknown> =>
    defer(() => {
      const since = scheduler.now()
      const restMs = (): number => {
        const inUse = live[role].get(endpoint)
        if (inUse === undefined) return since + idleMs - scheduler.now()
        return inUse.session.inFlight() > 0 ? idleMs : Math.max(since, inUse.usedAt) + idleMs - scheduler.now()
      }
      return defer(() => timer(Math.max(0, restMs()), scheduler)).pipe(
        repeat(),
        filter(() => restMs() <= 0),
        take(1),
      )
    })
  /** The client closes, and what is on the way has had its answer or its time. */
  const closed$ = (endpoint: string, role: ConnectionRole): Observable<unknown> =>
    closing$.pipe(
      switchMap(() => {
        const inUse = live[role].get(endpoint)
        return inUse === undefined || inUse.session.inFlight() === 0 ? of(undefined) : inUse.session.quiet$
      }),
    )
  const shared$ = (role: ConnectionRole) =>
    sharedByKey(
      endpoint => opened$(endpoint, role),
      endpoint => race(idle$(endpoint, role), closed$(endpoint, role)),
    )
  const shared = { control: shared$('control'), pull: shared$('pull') }

  /** Runs one exchange on the live session, as soon as there is one. */
  const exchange$ = <T>(ask: Ask, start: (session: Session, timeoutMs: number) => Observable<T>): Observable<T> =>
    new Observable<T>(subscriber => {
      const { endpoint, role, timeoutMs, patient } = ask
      const inUse = live[role].get(endpoint)
      if (inUse?.session.isOver() === false) {
        inUse.usedAt = scheduler.now()
        start(inUse.session, timeoutMs).subscribe(subscriber) // the plain case, which costs no subscription of its own
        return
      }
      const dueAt = scheduler.now() + timeoutMs
      let started = false
      let why: unknown
      const isStarted = (): boolean => started
      const isOver = (): boolean => started || subscriber.closed
      const onState = (state: GateState): void => {
        if (started) return // what happens to its session, the session itself tells
        if (state.up) {
          if (state.session.isOver()) return // lost this very moment: the gate is about to tell
          started = true
          subscriber.add(start(state.session, Math.max(0, dueAt - scheduler.now())).subscribe(subscriber))
        } else {
          why = isRocketError(state.cause) ? (state.cause.cause ?? state.cause) : state.cause
          if (!patient) subscriber.error(notConnected(endpoint, why))
        }
      }
      const refuse = (): void => {
        if (!isStarted()) subscriber.error(closed('the client')) // or it would dial again
      }
      subscriber.add(closing$.subscribe({ next: refuse, error: refuse }))
      if (isOver()) return
      subscriber.add(
        shared[role](endpoint).subscribe({
          next: onState,
          error: (cause: unknown) => subscriber.error(cause),
          complete: () => subscriber.error(notConnected(endpoint, why)),
        }),
      )
      if (isOver()) return
      const late = (): void => {
        if (!isStarted()) subscriber.error(notConnected(endpoint, why ?? new Error(`none within ${timeoutMs} ms`)))
      }
      subscriber.add(scheduler.schedule(late, timeoutMs))
    })

  return {
    ask$: <T>(ask: Ask, read?: Read<T>) =>
      exchange$(ask, (session, timeoutMs) =>
        read === undefined // then T is Frame
          ? (session.request$(ask.frame, timeoutMs, ask.onWritten) as Observable<T>)
          : session.request$(ask.frame, timeoutMs, ask.onWritten, read),
      ),
    tell$: ask => exchange$(ask, session => session.oneway$(ask.frame)),
    gate$: (endpoint, role) => shared[role](endpoint),
    inbound$: inbound.asObservable(),
    live: () => [...live.control.values(), ...live.pull.values()],
  }
}

/** Hands on what the server asks, for as long as the session lives. */
const handedOn$ = (session: Session, inbound: Subject<Inbound>): Observable<never> =>
  session.inbound$.pipe(
    tap(frame => inbound.next({ endpoint: session.endpoint, frame, reply$: session.reply$ })),
    ignoreElements(),
    catchError(() => EMPTY), // the session's own end tells it
  )
