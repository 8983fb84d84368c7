import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import type { HeaderFields } from '../protocol/requests/fields.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import type { RequestRow } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import type { Invoke } from '../remoting/invoke.ts'

const at = ({ topic, queueId, brokerName }: MessageQueue) => ({ topic, queueId, bname: brokerName })
const TIMEOUT_MS = 5_000 // Java's for offsets

export const createOffsets = ({ invoke$ }: Invoke) => {
  const offset$ = <A extends HeaderFields>(
    endpoint: string,
    row: RequestRow<A, typeof REQUESTS.GET_MAX_OFFSET.answers>,
    header: Parameters<typeof invoke$<A, HeaderFields>>[2],
  ): Observable<Long> =>
    invoke$(endpoint, row, header, { timeoutMs: TIMEOUT_MS }).pipe(map(answer => answer.header().offset))

  return {
    /**
     * The group's committed offset, or undefined when it has none. With `strict` the broker does not answer 0 for a new
     * group on a young topic, as it otherwise does.
     */
    query$: (
      endpoint: string,
      consumerGroup: string,
      queue: MessageQueue,
      strict: boolean,
    ): Observable<Long | undefined> =>
      invoke$(
        endpoint,
        REQUESTS.QUERY_CONSUMER_OFFSET,
        { consumerGroup, ...at(queue), ...(strict ? { setZeroIfNotFound: false } : {}) },
        { timeoutMs: TIMEOUT_MS, accept: [RESPONSE.QUERY_NOT_FOUND] },
      ).pipe(map(answer => (answer.code === RESPONSE.QUERY_NOT_FOUND ? undefined : answer.header().offset))),

    /** Stores the next offset to consume, and waits for the broker to say so. */
    update$: (endpoint: string, consumerGroup: string, queue: MessageQueue, commitOffset: Long): Observable<void> =>
      invoke$(
        endpoint,
        REQUESTS.UPDATE_CONSUMER_OFFSET,
        { consumerGroup, ...at(queue), commitOffset },
        { timeoutMs: TIMEOUT_MS, patient: true }, // a broker that just came back is worth the wait
      ).pipe(map(() => undefined)),

    /** One past the last message. */
    max$: (endpoint: string, queue: MessageQueue): Observable<Long> =>
      offset$(endpoint, REQUESTS.GET_MAX_OFFSET, at(queue)),
    min$: (endpoint: string, queue: MessageQueue): Observable<Long> =>
      offset$(endpoint, REQUESTS.GET_MIN_OFFSET, at(queue)),
    /** The first message stored at or after a time. */
    search$: (endpoint: string, queue: MessageQueue, timestamp: Long): Observable<Long> =>
      offset$(endpoint, REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP, { ...at(queue), timestamp }),
  }
}
