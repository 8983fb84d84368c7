import { catchError, defer, map, switchMap, take, tap, throwError, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import Long from 'long'
import type { Broker } from '../broker/broker.ts'
import type { Stored } from '../broker/sending.ts'
import { isRocketError, notConnected, operationTimeout, RocketError, withDetails } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { Report } from '../observability/events.ts'
import type { MessageQueue } from '../protocol/routes.ts'
import { isRetriableResponse } from '../protocol/responses.ts'
import { chooseQueue } from './choose-queue.ts'
import type { ProducerSettings, RetryPolicy } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import { toSendResult } from './send-result.ts'
import type { SendResult } from './send-result.ts'
import { TEMPLATE_TOPIC } from './topic-boards.ts'
import type { Board, TopicBoards } from './topic-boards.ts'

export interface Sender {
  /** One message with its repeats, within its time. `written` is called when bytes reached a socket; once `given up`, no more repeats. */
  send$(outgoing: Outgoing, timeoutMs: number, written: () => void, givenUp: () => boolean): Observable<SendResult>
}

export interface SenderOptions {
  readonly sending: Broker['sending']
  readonly boards: TopicBoards
  readonly settings: ProducerSettings
  readonly report: Report
  readonly scheduler: SchedulerLike
  readonly random: () => number
  /** Asks for a topic's route again. */
  readonly refresh: (topic: string) => void
}

/** Waits before a repeat to a broker that said it is busy, ms. */
const BUSY_MS = 50

/** Choose a queue, ask its broker; on failure another broker first, with the same unique id, until attempts or time run out. */
export const createSender = (options: SenderOptions): Sender => {
  const { sending, boards, settings, report, scheduler, random, refresh } = options

  const send$: Sender['send$'] = (outgoing, timeoutMs, written, givenUp) => {
    const startedAt = scheduler.now()
    const attempts: Attempt[] = []
    const failed = new Set<string>()
    const leftMs = (): number => startedAt + timeoutMs - scheduler.now()

    const attempt$ = (): Observable<SendResult> =>
      boards.board$(outgoing.topic, leftMs()).pipe(
        map(board => {
          const queue = chosen(board)
          return { board, queue, endpoint: board.masterOf(queue.brokerName) ?? queue.brokerName }
        }),
        switchMap(({ board, queue, endpoint }) => {
          const attemptedAt = scheduler.now()
          return ask$(board, queue).pipe(
            tap(() => {
              if (board.fromTemplate) refresh(outgoing.topic)
            }),
            map(stored =>
              toSendResult(outgoing, queue.brokerName, stored, {
                attempts: attempts.length + 1,
                elapsedMs: scheduler.now() - startedAt,
              }),
            ),
            catchError((cause: unknown) => {
              failed.add(queue.brokerName)
              const error = located(cause, queue, endpoint)
              attempts.push(toAttempt(error, endpoint, scheduler.now() - attemptedAt))
              return againOr$(error)
            }),
          )
        }),
        take(1),
      )

    const chosen = (board: Board): MessageQueue => {
      const cursor = settings.select === 'random' ? Math.floor(random() * 2 ** 30) : boards.nextCursor(outgoing.topic)
      return chooseQueue({ queues: board.queues, shardKey: outgoing.shardKey, cursor, avoid: failed })
    }
    const ask$ = (board: Board, queue: MessageQueue): Observable<Stored> => {
      const endpoint = board.masterOf(queue.brokerName)
      if (endpoint === undefined) return throwError(() => notConnected(queue.brokerName, new Error('it has no master')))
      return sending.send$(endpoint, headerOf(outgoing, queue, settings), outgoing.body, {
        timeoutMs: Math.max(1, leftMs()),
        patient: attempts.length >= settings.retries || !hasAlternative(board, queue), // nobody else will be tried: wait
        onWritten: written,
      })
    }
    const hasAlternative = (board: Board, queue: MessageQueue): boolean =>
      (outgoing.shardKey ?? '') === '' &&
      board.queues.some(({ brokerName }) => brokerName !== queue.brokerName && !failed.has(brokerName))

    const againOr$ = (error: RocketError): Observable<SendResult> => {
      if (error.code === 'ERR_RMQ_ROUTE_NOT_FOUND' || error.code === 'ERR_RMQ_CONNECT') refresh(outgoing.topic)
      const again =
        attempts.length <= settings.retries && leftMs() > 0 && !givenUp() && mayRepeat(error, settings.retry)
      if (!again) return throwError(() => final(error))
      report({ type: 'send-retried', topic: outgoing.topic, messageId: outgoing.messageId, error })
      return error.code === 'ERR_RMQ_BUSY'
        ? timer(Math.min(BUSY_MS * attempts.length, leftMs()), scheduler).pipe(
            switchMap(() => (leftMs() > 0 && !givenUp() ? attempt$() : throwError(() => final(error)))),
          )
        : defer(attempt$)
    }
    const final = (error: RocketError): RocketError => {
      const sent = error.sent === 'maybe' || attempts.some(attempt => attempt.sent === 'maybe') ? 'maybe' : 'no'
      const last = leftMs() > 0 ? error : outOfTime(error)
      return withDetails(last, { attempts, sent, topic: outgoing.topic })
    }
    const outOfTime = (error: RocketError): RocketError =>
      error.code === 'ERR_RMQ_TIMEOUT' || error.code === 'ERR_RMQ_CONNECT'
        ? error
        : operationTimeout(`sending to topic "${outgoing.topic}"`, timeoutMs, { cause: error })

    return defer(attempt$)
  }

  return { send$ }
}

/** Whether repeating is allowed: Java repeats what may have been stored too, `safe` only what certainly was not. */
export const mayRepeat = (error: RocketError, policy: RetryPolicy): boolean => {
  if (error.responseCode !== undefined) return isRetriableResponse(error.responseCode) && !isDenied(error)
  if (policy === 'safe' && error.sent !== 'no') return false
  return error.retriable
}

/** A wrong password does not get better by repeating, though it comes with a code that Java repeats. */
const isDenied = ({ remark = '' }: RocketError): boolean =>
  /AclException|signature|accessKey|permission to access/i.test(remark)

const located = (cause: unknown, queue: MessageQueue, endpoint: string): RocketError => {
  const where = { endpoint, topic: queue.topic, queue: queueKey(queue) }
  if (isRocketError(cause)) return withDetails(cause, where)
  return new RocketError('ERR_RMQ_PROTOCOL', `unexpected failure of a send to ${endpoint}`, {
    cause,
    sent: 'maybe',
    ...where,
  })
}

const toAttempt = ({ code, sent, responseCode }: RocketError, endpoint: string, elapsedMs: number): Attempt => ({
  endpoint,
  code,
  sent,
  elapsedMs,
  ...(responseCode === undefined ? {} : { responseCode }),
})

const headerOf = (outgoing: Outgoing, queue: MessageQueue, settings: ProducerSettings) => ({
  producerGroup: settings.group,
  topic: outgoing.topic,
  defaultTopic: settings.autoCreateTopics ? TEMPLATE_TOPIC : '',
  defaultTopicQueueNums: settings.defaultTopicQueues,
  queueId: queue.queueId,
  sysFlag: outgoing.sysFlag,
  bornTimestamp: Long.fromNumber(outgoing.bornTimestamp),
  flag: 0,
  properties: outgoing.properties,
  reconsumeTimes: 0,
  unitMode: false,
  batch: false,
  bname: queue.brokerName,
})
