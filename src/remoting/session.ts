import { filter, merge, of, Subject, switchMap } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRequest } from '../protocol/frames/frame.ts'
import type { Frame } from '../protocol/frames/frame.ts'
import type { Connection, Counters } from './connection.ts'
import { createCorrelator } from './correlate.ts'
import type { Correlator, CorrelatorOptions } from './correlate.ts'

/** The conversation on one connection. */
export interface Session extends Pick<Correlator, 'request$' | 'oneway$' | 'inFlight' | 'isOver'> {
  readonly endpoint: string
  /** Emits whenever the last question on the way was answered or is over. Hot. */
  readonly quiet$: Observable<void>
  /** Requests that the server initiates. Hot. */
  readonly inbound$: Observable<Frame>
  /** Answers one of them. One value when the socket took it. */
  reply$(response: Frame): Observable<void>
  readonly writable$: Observable<boolean>
  counters(): Counters
}

/** Emits one Session; errors when the connection is lost; unsubscribing hangs up. */
export const session$ = (
  connection$: Observable<Connection>,
  options: Omit<CorrelatorOptions, 'onQuiet'> = {},
): Observable<Session> =>
  connection$.pipe(
    switchMap(connection => {
      const quiet = new Subject<void>()
      const { dispatch$, request$, oneway$, inFlight, isOver } = createCorrelator(connection, {
        ...options,
        onQuiet: () => quiet.next(),
      })
      const session: Session = {
        endpoint: connection.endpoint,
        quiet$: quiet.asObservable(),
        request$,
        oneway$,
        inFlight,
        isOver,
        inbound$: connection.frames$.pipe(filter(frame => isRequest(frame))),
        reply$: response => connection.write$(response),
        writable$: connection.writable$,
        counters: () => connection.counters(),
      }
      return merge(dispatch$, of(session)) // listen first: nothing that arrives is missed
    }),
  )
