import { defer, forkJoin, map, of, switchMap } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import type { Broker } from '../../broker/broker.ts'
import type { MessageQueue } from '../../protocol/bodies/routes.ts'
import { isRetryTopic } from '../../protocol/names.ts'
import { offsetOutside } from '../../errors.ts'
import { queueKey, toOffset } from '../../messages/offsets.ts'
import type { SeekTo } from '../consumer.ts'
import type { StartFrom } from '../options.ts'

export interface StartPosition {
  readonly offset: Long
  /** For `events$`. */
  readonly reason: 'committed' | 'first' | 'last' | 'timestamp' | 'retry-topic'
}

/** How a group without a committed offset on a queue begins. Pure. */
export const startRule = (topic: string, startFrom: StartFrom): Exclude<StartPosition['reason'], 'committed'> => {
  if (isRetryTopic(topic)) return 'retry-topic' // what was sent back must not be skipped
  if (startFrom instanceof Date) return 'timestamp'
  return startFrom
}

/** Where to begin by rule. `last` means it, also on a young topic. */
export const ruledStart$ = (
  offsets: Broker['offsets'],
  endpoint: string,
  queue: MessageQueue,
  startFrom: StartFrom,
): Observable<StartPosition> => {
  const reason = startRule(queue.topic, startFrom)
  return ruled$(offsets, endpoint, queue, reason, startFrom).pipe(map(offset => ({ offset, reason })))
}

/** The committed offset, else by rule. */
export const startPosition$ = (
  committed$: Observable<Long | undefined>,
  ruled$: Observable<StartPosition>,
): Observable<StartPosition> =>
  committed$.pipe(switchMap(offset => (offset === undefined ? ruled$ : of({ offset, reason: 'committed' as const }))))

const ruled$ = (
  offsets: Broker['offsets'],
  endpoint: string,
  queue: MessageQueue,
  reason: StartPosition['reason'],
  startFrom: StartFrom,
): Observable<Long> => {
  if (reason === 'last') return offsets.max$(endpoint, queue)
  if (reason === 'timestamp' && startFrom instanceof Date) {
    return offsets.search$(endpoint, queue, Long.fromNumber(startFrom.getTime()))
  }
  return offsets.min$(endpoint, queue)
}

/** The offset of a place in a queue. Errors with ERR_RMQ_OFFSET for an offset that the queue does not have. */
export const offsetAt$ = (
  offsets: Broker['offsets'],
  endpoint: string,
  queue: MessageQueue,
  place: SeekTo,
): Observable<Long> => {
  if (place === 'first') return offsets.min$(endpoint, queue)
  if (place === 'last') return offsets.max$(endpoint, queue)
  if (place instanceof Date) return offsets.search$(endpoint, queue, Long.fromNumber(place.getTime()))
  return defer(() => {
    const offset = toOffset(place)
    return forkJoin([offsets.min$(endpoint, queue), offsets.max$(endpoint, queue)]).pipe(
      map(([min, max]) => {
        if (offset.greaterThanOrEqual(min) && offset.lessThanOrEqual(max)) return offset
        throw offsetOutside(queueKey(queue), offset.toString(), min.toString(), max.toString())
      }),
    )
  })
}
