import { catchError, forkJoin, map, of, race, switchMap, take, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { TopicRoute } from '../protocol/bodies/bodies.ts'
import { replyTopicOf } from '../protocol/names.ts'
import { masterAddresses } from '../protocol/bodies/routes.ts'
import type { TopicBoards } from './topic-boards.ts'

/** The brokers that a reply may come from: names by address. */
export type BrokerNames = ReadonlyMap<string, string>

export interface AcquaintanceOptions {
  readonly boards: Pick<TopicBoards, 'board$'>
  /** Emits once a broker knows this producer on its present connection; errors when it cannot be reached now. */
  readonly known$: (endpoint: string, timeoutMs: number) => Observable<unknown>
  readonly scheduler: SchedulerLike
}

/** This part of the time may be spent on getting known: a broker that does not answer must not cost the whole request. */
const SHARE = 3

/**
 * Makes a producer known to every broker that a reply to a request may come from: the broker that a reply is sent to looks
 * the asker up among the producers that it knows. Those are the brokers of the request's topic, and of the topic of replies
 * of their clusters. Brokers that cannot be reached cannot bring a reply, either, and are not waited for.
 */
export const createAcquaintance = ({ boards, known$, scheduler }: AcquaintanceOptions) => {
  const route$ = (topic: string, timeoutMs: number): Observable<TopicRoute> =>
    boards.board$(topic, timeoutMs).pipe(map(({ route }) => route))

  /** A cluster without a topic of replies cannot be answered by: the replier is told so, and the asker waits in vain. */
  const replyRoute$ = (cluster: string, timeoutMs: number): Observable<readonly TopicRoute[]> =>
    route$(replyTopicOf(cluster), timeoutMs).pipe(
      map(route => [route]),
      catchError(() => of([])),
    )

  const routesFor$ = (topic: string, timeoutMs: number): Observable<readonly TopicRoute[]> =>
    route$(topic, timeoutMs).pipe(
      switchMap(route => {
        const clusters = [...new Set(route.brokerDatas.map(({ cluster }) => cluster))]
        return forkJoin(clusters.map(cluster => replyRoute$(cluster, timeoutMs))).pipe(
          map(replyRoutes => [route, ...replyRoutes.flat()]),
        )
      }),
    )

  return (topic: string, timeoutMs: number): Observable<BrokerNames> =>
    routesFor$(topic, timeoutMs).pipe(
      switchMap(routes => {
        const asked$ = [...masterAddresses(routes)].map(endpoint =>
          known$(endpoint, timeoutMs).pipe(
            take(1),
            catchError(() => of(undefined)),
          ),
        )
        const patience$ = timer(Math.ceil(timeoutMs / SHARE), scheduler)
        return race(forkJoin(asked$), patience$).pipe(
          take(1),
          map(() => namesOf(routes)),
        )
      }),
    )
}

const namesOf = (routes: readonly TopicRoute[]): BrokerNames =>
  new Map(
    routes
      .flatMap(({ brokerDatas }) => brokerDatas)
      .flatMap(({ brokerName, brokerAddrs }) =>
        [...brokerAddrs.values()].map(address => [address, brokerName] as const),
      ),
  )
