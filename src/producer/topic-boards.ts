import { catchError, defer, filter, map, of, startWith, Subject, switchMap, take, throwError, timeout } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { closed, isRocketError, operationTimeout, routeNotFound, withDetails } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { RouteState } from '../nameserver/route-state.ts'
import type { Routes } from '../nameserver/routes.ts'
import { distinctSets } from '../operators/distinct-sets.ts'
import type { TopicRoute } from '../protocol/bodies.ts'
import { TEMPLATE_TOPIC } from '../protocol/names.ts'
import { masterAddresses, masterOf } from '../protocol/routes.ts'
import type { MessageQueue } from '../protocol/routes.ts'

/** Where a topic's messages may go now. */
export interface Board {
  readonly queues: readonly MessageQueue[]
  /** The broker's address that takes sends. */
  masterOf(brokerName: string): string | undefined
  /** Whether the topic does not exist yet and the brokers are asked to create it. */
  readonly fromTemplate: boolean
  readonly route: TopicRoute
}

/** Where the rotation of a topic points: whoever goes by it moves it on. */
interface Rotation {
  cursor: number
}

export interface TopicBoards {
  /** The board of a topic, if it is known and has queues. */
  board(topic: string): Board | undefined
  /** The board of a topic, at once if it is known. Errors when there is nowhere to send to. */
  board$(topic: string, timeoutMs: number): Observable<Board>
  /** The rotation of this topic: it begins somewhere, and anew when the topic has other queues. */
  rotation(topic: string): Rotation
  /** Brokers that this producer uses. */
  readonly endpoints$: Observable<ReadonlySet<string>>
  /** How many topics are kept at hand. */
  size(): number
  close(): void
}

export interface TopicBoardsOptions {
  readonly routes: Routes
  readonly scheduler: SchedulerLike
  readonly random: () => number
  readonly autoCreateTopics: boolean
  readonly defaultTopicQueues: number
}

/** How long a bad answer is believed before the next send has the name servers asked again, ms. */
const FRESH_MS = 1_000

interface Watched {
  state: RouteState | undefined
  board: Board | undefined
  readonly rotation: Rotation
  readonly stop: () => void
}

/** The routes of the topics that a producer sends to, kept at hand so that a send need not ask. */
export const createTopicBoards = (options: TopicBoardsOptions): TopicBoards => {
  const { routes, scheduler, random, autoCreateTopics, defaultTopicQueues } = options
  const topics = new Map<string, Watched>()
  const changes = new Subject<void>()
  let isClosed = false

  const anywhere = (): number => Math.floor(random() * 2 ** 20) // as Java, each client begins elsewhere

  const watch = (topic: string): Watched => {
    const known = topics.get(topic)
    if (known !== undefined) return known
    const watched: Watched = {
      state: undefined,
      board: undefined,
      rotation: { cursor: anywhere() },
      stop: () => subscription.unsubscribe(),
    }
    topics.set(topic, watched)
    const subscription = routes.routes$(topic).subscribe({
      next: state => {
        const before = watched.board?.queues
        watched.state = state
        watched.board = state.route === undefined ? undefined : toBoard(state.publishQueues, state.route, false)
        if (before !== undefined && !sameQueues(before, state.publishQueues)) watched.rotation.cursor = anywhere()
        changes.next()
      },
      error: () => undefined, // route streams never error
    })
    return watched
  }

  /** The first answer about a topic that is not an old failure. */
  const answer$ = (topic: string): Observable<RouteState> =>
    defer(() => {
      const freshFrom = scheduler.now() - FRESH_MS
      const isFresh = (state: RouteState): boolean => state.status === 'known' || state.askedAt >= freshFrom
      const { state } = watch(topic)
      if (state !== undefined && !isFresh(state)) routes.refresh(topic)
      return routes.routes$(topic).pipe(filter(isFresh), take(1))
    })

  const fromTemplate$ = (topic: string, missing: RocketError | undefined): Observable<Board> =>
    answer$(TEMPLATE_TOPIC).pipe(
      map(({ publishQueues, route }) => {
        if (route === undefined || publishQueues.length === 0) {
          throw routeNotFound(
            topic,
            `neither the topic nor the template ${TEMPLATE_TOPIC} exists`,
            missing ? { cause: missing } : {},
          )
        }
        const queues = publishQueues
          .filter(queue => queue.queueId < defaultTopicQueues)
          .map(queue => ({ ...queue, topic }))
        return toBoard(queues, route, true)
      }),
    )

  const found$ = (topic: string): Observable<Board> =>
    answer$(topic).pipe(
      switchMap(({ status, error, route, publishQueues }) => {
        if (status === 'missing' && autoCreateTopics) return fromTemplate$(topic, error)
        if (route !== undefined && publishQueues.length > 0) return of(toBoard(publishQueues, route, false))
        if (route !== undefined) {
          const why = route.isStatic ? 'static topics are not supported' : 'none of its queues may be written'
          return throwError(() => routeNotFound(topic, why))
        }
        return throwError(() => error ?? routeNotFound(topic, 'the name servers do not know it'))
      }),
    )

  const board = (topic: string): Board | undefined => {
    const known = topics.get(topic)?.board
    return known !== undefined && known.queues.length > 0 ? known : undefined
  }
  const board$ = (topic: string, timeoutMs: number): Observable<Board> =>
    defer(() => {
      if (isClosed) throw closed('the producer') // a repeat that comes after the end would watch the route for ever
      watch(topic)
      const known = board(topic)
      if (known !== undefined) return of(known)
      const tooLate = (): RocketError => operationTimeout(`finding the route of topic "${topic}"`, timeoutMs, { topic })
      return found$(topic).pipe(
        catchError((cause: unknown) => throwError(() => notSent(topic, cause))),
        timeout({ first: timeoutMs, scheduler, with: () => throwError(tooLate) }),
      )
    })

  return {
    board,
    board$,
    rotation: topic => watch(topic).rotation,
    endpoints$: changes.pipe(
      startWith(undefined),
      map(() => masterAddresses([...topics.values()].flatMap(({ state }) => state?.route ?? []))),
      distinctSets(),
    ),
    size: () => topics.size,
    close: () => {
      isClosed = true
      for (const watched of topics.values()) watched.stop()
      topics.clear()
      changes.complete()
    },
  }
}

/** Whatever happened to the question about the route: the message itself did not leave. */
const notSent = (topic: string, cause: unknown): unknown =>
  isRocketError(cause) ? withDetails(cause, { topic, sent: 'no' }) : cause

const toBoard = (queues: readonly MessageQueue[], route: TopicRoute, fromTemplate: boolean): Board => ({
  queues,
  masterOf: brokerName => masterOf(route, brokerName),
  fromTemplate,
  route,
})

/** Both are sorted. */
const sameQueues = (a: readonly MessageQueue[], b: readonly MessageQueue[]): boolean =>
  a.length === b.length && a.every((queue, i) => queueKey(queue) === queueKey(b[i] ?? queue))
