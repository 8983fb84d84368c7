import { asyncScheduler, map, of, switchMap, timer } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import { isRocketError } from '../../errors.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { pullLoop$ } from '../queues/pull-loop.ts'
import type { Page, PullLoopOptions } from '../queues/pull-loop.ts'

/** After an error, and where too many pops wait at the broker already, as Java, ms. */
const RETRY_MS = 1_000
/** After FLOW_CONTROL, as Java, ms. */
const FLOW_CONTROL_MS = 20

/** What one pop brought. */
interface PopPage<E> {
  /** `POLLING_FULL`: the broker holds no more pops. */
  readonly status: 'FOUND' | 'POLLING_NOT_FOUND' | 'POLLING_FULL'
  readonly entries: readonly E[]
}

export interface PopLoopOptions<E> extends Pick<
  PullLoopOptions<E>,
  'budget' | 'bytesOf' | 'intervalMs' | 'scheduler' | 'asap'
> {
  /**
   * At most so many messages. One value, then completion; or an error. It may be `held` by the broker when the pop before
   * found nothing.
   */
  readonly pop$: (max: number, held: boolean) => Observable<PopPage<E>>
  /** Told of a failed pop, which is tried again. */
  readonly onError: (error: unknown) => void
}

/**
 * One queue that is popped, while there is room: as a pull loop, but that there is no offset to go on from. What a pop
 * brings is hidden from others for a while only, so no credit, no pop.
 */
export const popLoop$ = <E>({
  pop$,
  onError,
  scheduler = asyncScheduler,
  ...shared
}: PopLoopOptions<E>): Observable<Page<E>> =>
  pullLoop$<E>({
    ...shared,
    scheduler,
    from: NO_OFFSET,
    pull$: (_, max, held) =>
      pop$(max, held).pipe(
        switchMap(page =>
          page.status === 'POLLING_FULL' ? timer(RETRY_MS, scheduler).pipe(map(() => page)) : of(page),
        ),
        map(({ status, entries }) => ({ entries, nextOffset: NO_OFFSET, caughtUp: status !== 'FOUND' })),
      ),
    onError: error => {
      onError(error)
      return isRocketError(error) && error.responseCode === RESPONSE.FLOW_CONTROL ? FLOW_CONTROL_MS : RETRY_MS
    },
  })

const NO_OFFSET = Long.ZERO
