import { catchError, defer, distinctUntilChanged, EMPTY, filter, merge, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from '../../client/shared-client.ts'
import type { RouteState } from '../../nameserver/route-state.ts'
import { checkGroup$ } from './group-check.ts'
import { exhaustMapTrailing } from '../../operators/exhaust-map-trailing.ts'
import { endpointsOf } from './group-routes.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What it takes of the client. */
type Asking = Pick<SharedClient, 'broker' | 'clientId' | 'namespace' | 'runtime' | 'timing'>

/**
 * In what this member and the others of its group disagree, as brokers tell it: asked at once and every so often, because
 * a broker knows only the latest heartbeat of a group; and once it has joined, because only then another one of its name
 * can be told from itself. Emits what is new. Who cannot be asked has no say.
 */
export const groupConflicts$ = (
  { broker, clientId, namespace, runtime, timing }: Asking,
  subscriptions: Pick<Subscriptions, 'data'>,
  routes: () => readonly RouteState[],
  joined$: Observable<unknown>,
): Observable<readonly string[]> => {
  const { scheduler, random } = runtime
  const asked$ = defer((): Observable<readonly string[]> => {
    const endpoints = [...endpointsOf(routes())]
    const endpoint = endpoints[Math.floor(random() * endpoints.length)]
    if (endpoint === undefined) return EMPTY
    const mine = { ...subscriptions.data(), clientId }
    return checkGroup$({ connections$: broker.membership.consumerConnections$, namespace }, endpoint, mine).pipe(
      catchError(() => EMPTY), // an old broker, or one that does not let us ask: no reason not to consume
    )
  })
  // Between heartbeats: right after its own, this member would always hear of itself. Of two members one notices so.
  const ticks$ = timer(timing.heartbeatMs / 2, timing.heartbeatMs, scheduler)
  return merge(timer(0, scheduler), ticks$, joined$).pipe(
    filter(() => routes().some(({ route }) => route !== undefined)),
    exhaustMapTrailing(() => asked$),
    distinctUntilChanged((before, now) => before.join() === now.join()),
  )
}
