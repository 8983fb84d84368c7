import { catchError, EMPTY, ignoreElements } from 'rxjs'
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
