import { defer, map, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { ConnectionRole } from '../observability/events.ts'
import type { Counters } from '../remoting/connection.ts'
import type { HeartbeatCounts } from './heartbeat.ts'
import type { SharedClient } from './shared-client.ts'

/** The counters of one connection since it was established. */
export interface ConnectionStats extends Counters {
  readonly endpoint: string
  readonly role: ConnectionRole
  /** Requests without an answer. */
  readonly inFlight: number
}

/** A sample of the counters of all connections, and of how the process fares. */
export interface Stats {
  /** When it was taken, ms of the client's scheduler. */
  readonly at: number
  /** How much later than due this sample was taken, ms: what keeps the event loop busy also keeps answers waiting. */
  readonly eventLoopLagMs: number
  /** Memory of this process, bytes: of the heap in use, and of all. */
  readonly heapUsedBytes: number
  readonly rssBytes: number
  readonly heartbeats: HeartbeatCounts
  readonly connections: readonly ConnectionStats[]
}

/** Samples the counters of every connection, now and every so many ms. */
export const stats$ = (
  { sessions, heartbeats }: Pick<SharedClient, 'sessions' | 'heartbeats'>,
  everyMs: number,
  scheduler: SchedulerLike,
): Observable<Stats> =>
  defer(() => {
    let dueAt = scheduler.now()
    const lag = (at: number): number => {
      const late = Math.max(0, at - dueAt)
      dueAt = at + everyMs
      return late
    }
    return timer(0, everyMs, scheduler).pipe(
      map(() => {
        const at = scheduler.now()
        const { heapUsed, rss } = process.memoryUsage()
        return {
          at,
          eventLoopLagMs: lag(at),
          heapUsedBytes: heapUsed,
          rssBytes: rss,
          heartbeats: heartbeats.counts(),
          connections: sessions().map(({ session, role }) => ({
            endpoint: session.endpoint,
            role,
            inFlight: session.inFlight(),
            ...session.counters(),
          })),
        }
      }),
    )
  })
