import { map, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { ConnectionRole } from '../observability/events.ts'
import type { Counters } from '../remoting/connection.ts'
import type { SharedClient } from './shared-client.ts'

/** The counters of one connection since it was established. */
export interface ConnectionStats extends Counters {
  readonly endpoint: string
  readonly role: ConnectionRole
  /** Requests without an answer. */
  readonly inFlight: number
}

/** A sample of the counters of all connections. */
export interface Stats {
  /** When it was taken, ms of the client's scheduler. */
  readonly at: number
  readonly connections: readonly ConnectionStats[]
}

/** Samples the counters of every connection, now and every so many ms. */
export const stats$ = (
  sessions: SharedClient['sessions'],
  everyMs: number,
  scheduler: SchedulerLike,
): Observable<Stats> =>
  timer(0, everyMs, scheduler).pipe(
    map(() => ({
      at: scheduler.now(),
      connections: sessions().map(({ session, role }) => ({
        endpoint: session.endpoint,
        role,
        inFlight: session.inFlight(),
        ...session.counters(),
      })),
    })),
  )
