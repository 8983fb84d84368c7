import { defer, forkJoin, map, of, switchMap, take, throwError, timeout } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { Announced } from '../client/heartbeat.ts'
import { illegal, operationTimeout, routeNotFound } from '../errors.ts'
import { checkTopic } from '../protocol/names.ts'
import type { Board } from './board.ts'
import type { TopicBoards } from './topic-boards.ts'

/** What is ready for the first send. */
export interface WarmUp {
  readonly topics: readonly string[]
  /** `host:port` of the brokers that have taken a heartbeat on the connection that sends will use. */
  readonly brokers: readonly string[]
}

export interface WarmUpOptions {
  readonly boards: TopicBoards
  /** Makes this producer known to the brokers in use. */
  readonly join: () => Announced
  readonly scheduler: SchedulerLike
}

/** Routes, then connections and heartbeats to the masters: what the first send would have to wait for. */
export const warmUp$ = (
  topics: readonly string[],
  timeoutMs: number,
  { boards, join, scheduler }: WarmUpOptions,
): Observable<WarmUp> =>
  defer(() => {
    const names = [...new Set(topics)]
    if (names.length === 0) throw illegal('warmup is told no topics')
    names.forEach(checkTopic)
    const announced = join()
    return forkJoin(names.map(topic => board$(boards, topic, timeoutMs))).pipe(
      switchMap(found => {
        const brokers = mastersOf(found)
        const known$ = brokers.map(endpoint => announced.known$(endpoint).pipe(take(1)))
        return forkJoin(known$).pipe(map(() => ({ topics: names, brokers })))
      }),
      timeout({
        first: timeoutMs,
        scheduler,
        with: () => throwError(() => operationTimeout(`warming up for ${names.length} topics`, timeoutMs)),
      }),
    )
  })

const board$ = (boards: TopicBoards, topic: string, timeoutMs: number): Observable<Board> =>
  boards
    .board$(topic, timeoutMs)
    .pipe(
      switchMap(board =>
        board.fromTemplate
          ? throwError(() => routeNotFound(topic, 'it does not exist yet; the first send has it created'))
          : of(board),
      ),
    )

/** Where the next sends may go. */
const mastersOf = (found: readonly Board[]): readonly string[] => [
  ...new Set(
    found.flatMap(board => board.queues.map(({ brokerName }) => board.masterOf(brokerName))).filter(isDefined),
  ),
]

const isDefined = (address: string | undefined): address is string => address !== undefined
