import { defer, EMPTY, merge, mergeMap, Subscription, take, takeUntil, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Announced } from '../client/heartbeat.ts'
import { leaveGroup$ } from '../client/leave-group.ts'
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
  const { heartbeats, sessions, runtime } = shared
  const { scheduler } = runtime
  const leave$ = (endpoint: string): Observable<never> => leaveGroup$(shared, endpoint, { producerGroup })
  let announced: Announced | undefined
  let subscription = Subscription.EMPTY

  return {
    join: () => {
      if (announced === undefined) {
        // emits once, synchronously; its endpoints never error
        subscription = heartbeats
          .announce$({ producerGroup, endpoints$ })
          .subscribe({ next: known => (announced = known), error: () => undefined })
      }
      return announced ?? NOT_ANNOUNCED
    },
    leave$: leftMs =>
      defer(() => {
        subscription.unsubscribe() // no later heartbeat names the group
        if (announced === undefined || heartbeats.hasProducer(producerGroup)) return EMPTY
        if (leftMs <= 0) return EMPTY // no time: brokers notice by the end of the connection
        const connected = new Set(
          sessions()
            .filter(({ role }) => role === 'control')
            .map(({ session }) => session.endpoint),
        )
        return endpoints$.pipe(
          take(1),
          mergeMap(endpoints => merge(...[...endpoints].filter(one => connected.has(one)).map(leave$))),
          takeUntil(timer(leftMs, scheduler)),
        )
      }),
  }
}

const NOT_ANNOUNCED: Announced = { known$: () => EMPTY, changed: () => undefined }
