import type { Observable } from 'rxjs'
import { optionsOf } from '../../client/check-kinds.ts'
import { checkNames } from '../../client/check-names.ts'
import { checkedInt, checkedMs } from '../../client/checks.ts'
import { collected } from '../../client/problems.ts'
import type { Delivery } from '../queues/delivery.ts'

/** What `fetch$` may be told. */
export interface FetchOptions {
  /** Deliveries at most, 1 to 65,535. Default 32. */
  readonly max?: number
  /** How long it waits for them once the group is being joined, ms. Default 5,000. */
  readonly waitMs?: number
}

/** Some deliveries, once: for programs that do not stay. */
export interface FetchDoor<D extends Delivery> {
  /**
   * Joins the group, takes at most `max` deliveries within `waitMs`, and emits them as one list, which is empty when none
   * came. What else was pulled is released. Then it waits until they are settled (at most `timing.drainMs`), commits,
   * leaves and completes. Unsubscribing lets go of those that are not settled. With `delivery: 'at-most-once'` what was pulled
   * and not handed out is lost: keep `flow` small.
   */
  fetch$(options?: FetchOptions): Observable<readonly D[]>
  /** `fetch$`, at once; the list is there before the group is left. `close()` waits for that. */
  fetch(options?: FetchOptions): Promise<readonly D[]>
}

/** Checked; what is wrong is ERR_RMQ_ILLEGAL and names itself. */
export const resolveFetchOptions = (given: FetchOptions | undefined) =>
  collected('fetching', () => {
    const options = optionsOf('options', given)
    checkNames('fetch', options, { max: 0, waitMs: 0 })
    return {
      max: checkedInt('max', options.max, 32, [1, 65_535]),
      waitMs: checkedMs('waitMs', options.waitMs, 5_000),
    }
  })
