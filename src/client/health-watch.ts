import { tap } from 'rxjs'
import type { Observable } from 'rxjs'
import type { HeartbeatData } from '../protocol/bodies/heartbeat-body.ts'
import { isRocketError } from '../errors.ts'
import type { NameServer } from '../nameserver/name-server.ts'
import type { Health } from './health.ts'

interface Beats {
  readonly heartbeat$: (endpoint: string, data: HeartbeatData, timeoutMs: number) => Observable<unknown>
}
type Routing = Pick<NameServer, 'topicRoute$'>

/** Heartbeats whose outcomes count. */
export const watchedBeats = ({ heartbeat$ }: Beats, health: Pick<Health, 'beat'>): Beats => ({
  heartbeat$: (endpoint, data, timeoutMs) =>
    heartbeat$(endpoint, data, timeoutMs).pipe(
      tap({
        next: () => health.beat(endpoint),
        error: (error: unknown) => {
          if (isRocketError(error)) health.beat(endpoint, error)
        },
      }),
    ),
})

/** Routes from which brokers become known by name and address. */
export const watchedRoutes = ({ topicRoute$ }: Routing, health: Pick<Health, 'seen'>): Routing => ({
  topicRoute$: topic => topicRoute$(topic).pipe(tap(health.seen)),
})
