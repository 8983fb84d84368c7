import { catchError, defer, filter, map, of, startWith, Subject, switchMap, take, throwError, timeout } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { closed, isRocketError, operationTimeout, routeNotFound, withDetails } from '../errors.ts'
import type { RocketError } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { RouteState } from '../nameserver/route-state.ts'
import type { Routes } from '../nameserver/routes.ts'
import { distinctSets } from '../operators/distinct-sets.ts'
import { TEMPLATE_TOPIC } from '../protocol/names.ts'
import { masterAddresses } from '../protocol/bodies/routes.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import { besideTemplate, templateBoard, toBoard } from './board.ts'
import type { Board } from './board.ts'

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
  /**
   * How long a topic that is being created goes to all brokers of the template, also when some of them have it: as Java, to
   * which its own route is news at the next refresh. Else it would live on the first broker alone for ever.
   */
  readonly templateMs: number
}

/** How long a bad answer is believed before the next send has the name servers asked again, ms. */
const FRESH_MS = 1_000

interface Watched {
  state: RouteState | undefined
  board: Board | undefined
  /** What the topic is created after, while it is; then `wide` says what that adds to `board`. */
  template: { readonly board: Board; readonly until: number } | undefined
  wide: Board | undefined
  readonly rotation: Rotation
  readonly stop: () => void
}

/** The routes of the topics that a producer sends to, kept at hand so that a send need not ask. */
export const createTopicBoards = (options: TopicBoardsOptions): TopicBoards => {
  const { routes, scheduler, random, autoCreateTopics, defaultTopicQueues, templateMs } = options
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
      template: undefined,
      wide: undefined,
      rotation: { cursor: anywhere() },
      stop: () => subscription.unsubscribe(),
    }
    topics.set(topic, watched)
    const subscription = routes.routes$(topic).subscribe({
      next: state => {
        const before = (watched.wide ?? watched.board)?.queues
        watched.state = state
        watched.board = state.route === undefined ? undefined : toBoard(state.publishQueues, state.route)
        widen(watched)
        const now = watched.wide?.queues ?? state.publishQueues
        if (before !== undefined && !sameQueues(before, now)) watched.rotation.cursor = anywhere()
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
        const board = templateBoard(queues, route)
        const watched = watch(topic)
        const now = scheduler.now()
        if (watched.template === undefined || now >= watched.template.until) {
          watched.template = { board, until: now + templateMs }
          widen(watched)
        }
        return board
      }),
    )

  const found$ = (topic: string): Observable<Board> =>
    answer$(topic).pipe(
      switchMap(({ status, error, route, publishQueues }) => {
        if (status === 'missing' && autoCreateTopics) return fromTemplate$(topic, error)
        if (route !== undefined && publishQueues.length > 0) return of(board(topic) ?? toBoard(publishQueues, route))
        if (route !== undefined) {
          const why = route.isStatic ? 'static topics are not supported' : 'none of its queues may be written'
          return throwError(() => routeNotFound(topic, why))
        }
        return throwError(() => error ?? routeNotFound(topic, 'the name servers do not know it'))
      }),
    )

  const board = (topic: string): Board | undefined => {
    const watched = topics.get(topic)
    if (watched?.board === undefined || watched.board.queues.length === 0) return undefined
    if (watched.template !== undefined && scheduler.now() >= watched.template.until) {
      watched.template = undefined
      widen(watched)
    }
    return watched.wide ?? watched.board
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

const widen = (watched: Watched): void => {
  const { board, template } = watched
  watched.wide = board === undefined || template === undefined ? undefined : besideTemplate(board, template.board)
}

/** Both are sorted. */
const sameQueues = (a: readonly MessageQueue[], b: readonly MessageQueue[]): boolean =>
  a.length === b.length && a.every((queue, i) => queueKey(queue) === queueKey(b[i] ?? queue))
