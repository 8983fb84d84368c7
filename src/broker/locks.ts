import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import { decodeLockedQueues, encodeLockRequest } from '../protocol/bodies/bodies.ts'
import type { LockRequest } from '../protocol/bodies/bodies.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import type { Invoke } from '../remoting/invoke.ts'

/** As Java, ms. */
const LOCK_MS = 1_000

export const createLocks = ({ invoke$, tell$ }: Invoke) => ({
  /** Takes or renews the locks of queues; emits those that are now held. Others hold the rest. */
  lock$: (endpoint: string, request: LockRequest): Observable<readonly MessageQueue[]> =>
    invoke$(endpoint, REQUESTS.LOCK_BATCH_MQ, {}, { body: encodeLockRequest(request), timeoutMs: LOCK_MS }).pipe(
      map(({ body }) => decodeLockedQueues(body)),
    ),

  /** Gives locks up. */
  unlock$: (endpoint: string, request: LockRequest): Observable<void> =>
    tell$(endpoint, REQUESTS.UNLOCK_BATCH_MQ, {}, { body: encodeLockRequest(request), timeoutMs: LOCK_MS }),
})
