import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import { decodeAssignments, decodeConsumerIds, decodeGroupConnections } from '../protocol/bodies/bodies.ts'
import { encodeAssignmentQuery, encodeClientCheck, encodeHeartbeat } from '../protocol/bodies/bodies.ts'
import type { Assignment, AssignmentQuery, ClientCheck } from '../protocol/bodies/bodies.ts'
import type { GroupConnections, HeartbeatData } from '../protocol/bodies/bodies.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import type { Invoke } from '../remoting/invoke.ts'

export const createMembership = ({ invoke$, tell$ }: Invoke) => ({
  /** Announces the producers and consumers of this client; emits the broker's release. */
  heartbeat$: (endpoint: string, data: HeartbeatData, timeoutMs: number, patient = true): Observable<number> =>
    invoke$(endpoint, REQUESTS.HEART_BEAT, {}, { body: encodeHeartbeat(data), timeoutMs, patient }).pipe(
      map(answer => answer.version),
    ),

  /** The same one-way: emits when the socket took it. */
  heartbeatOneway$: (endpoint: string, data: HeartbeatData, timeoutMs: number): Observable<void> =>
    tell$(endpoint, REQUESTS.HEART_BEAT, {}, { body: encodeHeartbeat(data), timeoutMs, patient: true }),

  /** Whether the broker can filter as a subscription wants: an error with its response code when it cannot. */
  check$: (endpoint: string, check: ClientCheck, timeoutMs: number): Observable<void> =>
    invoke$(
      endpoint,
      REQUESTS.CHECK_CLIENT_CONFIG,
      {},
      { body: encodeClientCheck(check), timeoutMs, patient: true },
    ).pipe(map(() => undefined)),

  /** Leaves groups. */
  unregister$: (
    endpoint: string,
    leaving: { readonly clientID: string; readonly producerGroup?: string; readonly consumerGroup?: string },
    timeoutMs: number,
  ): Observable<void> =>
    invoke$(endpoint, REQUESTS.UNREGISTER_CLIENT, leaving, { timeoutMs }).pipe(map(() => undefined)),

  /** The client ids of a group's members, as one broker knows them. An error when it knows none. */
  consumerIds$: (endpoint: string, consumerGroup: string): Observable<readonly string[]> =>
    invoke$(endpoint, REQUESTS.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup }).pipe(
      map(({ body }) => decodeConsumerIds(body)),
    ),

  /**
   * Which queues of a topic the broker gives a member, and whether it is to pull or to pop them: queue -1 is any queue of
   * a broker. Undefined when there is no valid result: keep what you have. Unknown to brokers of 4.x.
   */
  assignments$: (endpoint: string, query: AssignmentQuery): Observable<readonly Assignment[] | undefined> =>
    invoke$(endpoint, REQUESTS.QUERY_ASSIGNMENT, {}, { body: encodeAssignmentQuery(query) }).pipe(
      map(({ body }) => decodeAssignments(body)),
    ),

  /** The members of a group and what they subscribe to, as one broker knows them. An error, 206, when it knows none. */
  consumerConnections$: (endpoint: string, consumerGroup: string): Observable<GroupConnections> =>
    invoke$(endpoint, REQUESTS.GET_CONSUMER_CONNECTION_LIST, { consumerGroup }).pipe(
      map(({ body }) => decodeGroupConnections(body)),
    ),
})
