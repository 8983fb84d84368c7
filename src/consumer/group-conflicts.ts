import { catchError, distinctUntilChanged, EMPTY, exhaustMap, filter, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../client/shared-client.ts'
import type { RouteState } from '../nameserver/route-state.ts'
import { checkGroup$ } from './group-check.ts'
import { endpointsOf } from './group-routes.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What it takes of the client. */
type Asking = Pick<SharedClient, 'broker' | 'clientId' | 'namespace' | 'runtime' | 'timing'>

/**
 * In what this member and the others of its group disagree, as brokers tell it: asked at once and every so often, because
 * a broker knows only the latest heartbeat of a group. Emits what is new. Who cannot be asked has no say.
 */
export const groupConflicts$ = (
  { broker, clientId, namespace, runtime, timing }: Asking,
  subscriptions: Pick<Subscriptions, 'data'>,
  routes: () => readonly RouteState[],
): Observable<readonly string[]> => {
  const { scheduler, random } = runtime
  let round = 0
  const asked$ = (): Observable<readonly string[]> => {
    const endpoints = [...endpointsOf(routes())]
    const endpoint = endpoints[Math.floor(random() * endpoints.length)]
    if (endpoint === undefined) return EMPTY
    const mine = { ...subscriptions.data(), clientId, isMember: round++ > 0 }
    return checkGroup$({ connections$: broker.membership.consumerConnections$, namespace }, endpoint, mine).pipe(
      catchError(() => EMPTY), // an old broker, or one that does not let us ask: no reason not to consume
    )
  }
  return timer(0, timing.heartbeatMs, scheduler).pipe(
    filter(() => routes().some(({ route }) => route !== undefined)),
    exhaustMap(asked$),
    distinctUntilChanged((before, now) => before.join() === now.join()),
  )
}
