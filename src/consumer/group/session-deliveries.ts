import { mergeMap } from 'rxjs'
import type { Observable } from 'rxjs'
import type { QueueDelivery } from '../queues/delivery.ts'
import type { GroupSession } from './group-session.ts'

/** What all queues of a member bring, one by one. */
export const deliveries$ = (session: Pick<GroupSession, 'run$'>): Observable<QueueDelivery> =>
  session.run$((_, pages$) => pages$).pipe(mergeMap(page => page))
