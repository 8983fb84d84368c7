import { defer, EMPTY, Subscription } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Announced } from '../client/heartbeat.ts'
import { leaveProducerGroup$ } from '../client/leave-group.ts'
import type { SharedClient } from '../client/shared-client.ts'

/** A producer group as brokers know it: from the first send until the producer closes. */
export interface GroupMembership {
  /** Makes the group known to the brokers in use, now and later ones; once. */
  join(): Announced
  /** Has the brokers forget it, unless another producer of this client has the same name. Completes within `leftMs`. */
  leave$(leftMs: number): Observable<never>
}

export const createGroupMembership = (
  shared: SharedClient,
  producerGroup: string,
  endpoints$: Observable<ReadonlySet<string>>,
): GroupMembership => {
  let announced: Announced | undefined
  let subscription = Subscription.EMPTY

  return {
    join: () => {
      if (announced === undefined) {
        // emits once, synchronously; its endpoints never error
        subscription = shared.heartbeats
          .announce$({ producerGroup, endpoints$ })
          .subscribe({ next: known => (announced = known), error: () => undefined })
      }
      return announced ?? NOT_ANNOUNCED
    },
    leave$: leftMs =>
      defer(() => {
        subscription.unsubscribe() // no later heartbeat names the group
        return announced === undefined ? EMPTY : leaveProducerGroup$(shared, producerGroup, leftMs)
      }),
  }
}

const NOT_ANNOUNCED: Announced = { known$: () => EMPTY, changed: () => undefined }
