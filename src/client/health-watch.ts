import { tap } from 'rxjs'
import type { Membership } from '../broker/membership.ts'
import { isRocketError } from '../errors.ts'
import type { NameServer } from '../nameserver/name-server.ts'
import type { Health } from './health.ts'

type Beats = Pick<Membership, 'heartbeat$'>
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
