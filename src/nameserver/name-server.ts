import { catchError, defer, EMPTY, map, switchMap, take, tap, throwError, throwIfEmpty } from 'rxjs'
import type { Observable } from 'rxjs'
import { decodeFailed, isRocketError, protocolError, RocketError, routeNotFound, withDetails } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import type { Report } from '../observability/events.ts'
import { decodeClusterInfo, decodeTopicRoute } from '../protocol/bodies/bodies.ts'
import type { ClusterInfo, TopicRoute } from '../protocol/bodies/bodies.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { Invoke } from '../remoting/invoke.ts'

export interface NameServer {
  /** The route of a topic; ERR_RMQ_ROUTE_NOT_FOUND when the name servers do not know it. */
  topicRoute$(topic: string): Observable<TopicRoute>
  clusterInfo$(): Observable<ClusterInfo>
}

export interface NameServerOptions {
  readonly invoke: Invoke
  readonly addresses$: Observable<readonly string[]>
  readonly report: Report
  readonly random: () => number
  readonly now: () => number
  /** For each server, ms. Default 3,000. */
  readonly timeoutMs?: number
}

/**
 * Asks the name servers. They do not talk to each other: one is asked until it fails, starting at a random one (as Java
 * does), then the next; only when none answers is it an error, which lists every attempt.
 */
export const createNameServer = (options: NameServerOptions): NameServer => {
  const { invoke, addresses$, report, random, now, timeoutMs = 3_000 } = options
  let preferred: string | undefined

  /** The one that answered last comes first. */
  const inOrder = (addresses: readonly string[]): readonly string[] => {
    const known = preferred === undefined ? -1 : addresses.indexOf(preferred)
    const first = known >= 0 ? known : Math.floor(random() * addresses.length)
    return [...addresses.slice(first), ...addresses.slice(0, first)]
  }

  /** The answer of the first server that gives one. */
  const askEach$ = <T>(ask$: (endpoint: string) => Observable<T>): Observable<T> =>
    addresses$.pipe(
      take(1),
      switchMap(addresses => {
        const attempts: Attempt[] = []
        const askOrNext$ = (next$: Observable<T>, endpoint: string): Observable<T> =>
          defer(() => {
            const startedAt = now()
            return defer(() => ask$(endpoint)).pipe(
              tap(() => (preferred = endpoint)),
              catchError((cause: unknown) => {
                const error = asRocketError(endpoint, cause)
                if (error.code === 'ERR_RMQ_ROUTE_NOT_FOUND') {
                  preferred = endpoint // it is an answer, not a failure
                  return throwError(() => error)
                }
                report({ type: 'name-server-failed', endpoint, error })
                attempts.push({ endpoint, code: error.code, sent: error.sent, elapsedMs: now() - startedAt })
                return next$.pipe(throwIfEmpty(() => noneAnswered(error, attempts)))
              }),
            )
          })
        return inOrder(addresses).reduceRight<Observable<T>>(askOrNext$, EMPTY)
      }),
    )

  return {
    topicRoute$: topic =>
      askEach$(endpoint =>
        invoke
          .invoke$(
            endpoint,
            REQUESTS.GET_ROUTEINFO_BY_TOPIC,
            { topic, acceptStandardJsonOnly: true },
            { timeoutMs, accept: [RESPONSE.TOPIC_NOT_EXIST] },
          )
          .pipe(
            map(({ code, body }) => {
              if (code !== RESPONSE.SUCCESS)
                throw routeNotFound(topic, 'the name server does not know it', { endpoint })
              return decodeTopicRoute(body)
            }),
          ),
      ),
    clusterInfo$: () =>
      askEach$(endpoint =>
        invoke
          .invoke$(endpoint, REQUESTS.GET_BROKER_CLUSTER_INFO, {}, { timeoutMs })
          .pipe(map(({ body }) => decodeClusterInfo(body))),
      ),
  }
}

const asRocketError = (endpoint: string, cause: unknown): RocketError => {
  const error = isRocketError(cause) ? cause : protocolError('unreadable answer', { cause })
  if (error.code !== 'ERR_RMQ_DECODE') return error
  return decodeFailed(`the answer of name server ${endpoint} cannot be read: ${error.message}`, {
    endpoint,
    cause,
    advice: 'is this a RocketMQ name server?',
  })
}

const noneAnswered = (last: RocketError, attempts: readonly Attempt[]): RocketError =>
  attempts.length <= 1
    ? withDetails(last, { attempts })
    : new RocketError(last.code, `none of ${attempts.length} name servers answered, the last one: ${last.message}`, {
        ...(last.endpoint === undefined ? {} : { endpoint: last.endpoint }),
        retriable: last.retriable,
        sent: last.sent,
        attempts,
        cause: last,
        advice: 'check the addresses of the name servers',
      })
