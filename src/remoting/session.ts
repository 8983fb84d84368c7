import { filter, merge, of, switchMap } from 'rxjs'
import type { Observable } from 'rxjs'
import { isRequest } from '../protocol/frame.ts'
import type { Frame } from '../protocol/frame.ts'
import type { Connection, Counters } from './connection.ts'
import { createCorrelator } from './correlate.ts'
import type { Correlator, CorrelatorOptions } from './correlate.ts'

/** The conversation on one connection. */
export interface Session extends Pick<Correlator, 'request$' | 'oneway$' | 'inFlight' | 'isOver'> {
  readonly endpoint: string
  /** Requests that the server initiates. Hot. */
  readonly inbound$: Observable<Frame>
  /** Answers one of them. One value when the socket took it. */
  reply$(response: Frame): Observable<void>
  readonly writable$: Observable<boolean>
  counters(): Counters
}

/** Emits one Session; errors when the connection is lost; unsubscribing hangs up. */
export const session$ = (connection$: Observable<Connection>, options: CorrelatorOptions = {}): Observable<Session> =>
  connection$.pipe(
    switchMap(connection => {
      const { dispatch$, request$, oneway$, inFlight, isOver } = createCorrelator(connection, options)
      const session: Session = {
        endpoint: connection.endpoint,
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
