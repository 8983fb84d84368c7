import { catchError, defer, EMPTY, ignoreElements, merge, takeUntil, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { SharedClient } from './shared-client.ts'

/** Has one broker forget that this client is in a group. Completes, never errors: else it will notice by the missing heartbeat. */
export const leaveGroup$ = (
  { broker, clientId, timing }: Pick<SharedClient, 'broker' | 'clientId' | 'timing'>,
  endpoint: string,
  group: { readonly producerGroup: string } | { readonly consumerGroup: string },
): Observable<never> =>
  broker.membership.unregister$(endpoint, { clientID: clientId, ...group }, timing.requestTimeoutMs).pipe(
    ignoreElements(),
    catchError(() => EMPTY),
  )

/**
 * Has the brokers forget a producer group, unless another producer of this client has the same name: all that were told of
 * it, if they are connected. To be called when its heartbeats have ended. Completes within `leftMs`, never errors.
 */
export const leaveProducerGroup$ = (shared: SharedClient, producerGroup: string, leftMs: number): Observable<never> =>
  defer(() => {
    const told = shared.heartbeats.takeLeave(producerGroup)
    if (leftMs <= 0) return EMPTY // no time: brokers notice by the end of the connection
    const connected = shared
      .sessions()
      .filter(({ role, session }) => role === 'control' && told.has(session.endpoint))
      .map(({ session }) => leaveGroup$(shared, session.endpoint, { producerGroup }))
    return merge(...connected).pipe(takeUntil(timer(leftMs, shared.runtime.scheduler)))
  })
