import { Observable, Subscription } from 'rxjs'
import type { Observer, SchedulerLike, Subscriber, Unsubscribable } from 'rxjs'
import Long from 'long'
import type { Broker } from '../broker/broker.ts'
import type { Stored } from '../broker/sending.ts'
import { isRocketError, notConnected, operationTimeout, RocketError, withDetails } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import { queueKey } from '../messages/offsets.ts'
import type { Report } from '../observability/events.ts'
import { TEMPLATE_TOPIC } from '../protocol/names.ts'
import type { MessageQueue } from '../protocol/routes.ts'
import { isRetriableResponse } from '../protocol/responses.ts'
import { chooseQueue } from './choose-queue.ts'
import type { ProducerSettings, RetryPolicy } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import { toSendResult } from './send-result.ts'
import type { SendResult } from './send-result.ts'
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
export const createSender = (options: SenderOptions): Sender => ({
  send$: (outgoing, timeoutMs, written, givenUp) =>
    new Observable<SendResult>(subscriber => {
      const sending = new Sending(options, outgoing, timeoutMs, written, givenUp, subscriber)
      subscriber.add(sending)
      sending.attempt()
    }),
})

/**
 * One message on its way. A class, because there is one for every message: where operators chained for each attempt would
 * cost more than encoding it, the plain case is one subscription, and the rest is made when a send fails.
 */
class Sending implements Observer<Stored>, Unsubscribable {
  private readonly context: SenderOptions
  private readonly outgoing: Outgoing
  private readonly timeoutMs: number
  private readonly written: () => void
  private readonly givenUp: () => boolean
  private readonly subscriber: Subscriber<SendResult>
  private readonly startedAt: number
  private attempts: Attempt[] = NO_ATTEMPTS
  private failed: ReadonlySet<string> = NO_BROKERS
  private now = Subscription.EMPTY // the attempt, the wait for a route or for a busy broker
  private attemptedAt = 0
  private board: Board | undefined
  private queue: MessageQueue | undefined
  private endpoint = ''

  constructor(
    context: SenderOptions,
    outgoing: Outgoing,
    timeoutMs: number,
    written: () => void,
    givenUp: () => boolean,
    subscriber: Subscriber<SendResult>,
  ) {
    this.context = context
    this.outgoing = outgoing
    this.timeoutMs = timeoutMs
    this.written = written
    this.givenUp = givenUp
    this.subscriber = subscriber
    this.startedAt = context.scheduler.now()
  }

  attempt(): void {
    const { boards } = this.context
    const board = boards.board(this.outgoing.topic)
    if (board !== undefined) return this.ask(board)
    this.keep(
      boards.board$(this.outgoing.topic, this.leftMs()).subscribe({
        next: found => this.ask(found),
        error: (cause: unknown) =>
          this.subscriber.error(this.attempts.length > 0 && isRocketError(cause) ? this.final(cause) : cause),
      }),
    )
  }

  private ask(board: Board): void {
    try {
      this.askOn(board, this.chosen(board))
    } catch (cause) {
      this.subscriber.error(cause) // thrown inside an observer it would only be reported, and the send never end
    }
  }
  private askOn(board: Board, queue: MessageQueue): void {
    const { sending, settings } = this.context
    const master = board.masterOf(queue.brokerName)
    this.board = board
    this.queue = queue
    this.endpoint = master ?? queue.brokerName
    this.attemptedAt = this.context.scheduler.now()
    if (master === undefined) return this.error(notConnected(queue.brokerName, new Error('it has no master')))
    const patient = this.attempts.length >= settings.retries || !this.hasAlternative(board, queue) // nobody else: wait
    const timeoutMs = Math.max(1, this.leftMs())
    const header = headerOf(this.outgoing, queue, settings)
    const send$ = this.outgoing.isBatch ? sending.sendBatch$ : sending.send$
    this.keep(
      send$(master, header, this.outgoing.body, { timeoutMs, patient, onWritten: this.written }).subscribe(this),
    )
  }

  next(stored: Stored): void {
    const { outgoing, board, queue, startedAt } = this
    if (board?.fromTemplate === true) this.context.refresh(outgoing.topic)
    const attempts = this.attempts.length + 1
    const elapsedMs = this.context.scheduler.now() - startedAt
    this.subscriber.next(toSendResult(outgoing, queue?.brokerName ?? '', stored, { attempts, elapsedMs }))
    this.subscriber.complete()
  }
  complete(): void {
    // it had its one value, or the subscriber has left
  }
  error(cause: unknown): void {
    const { queue, endpoint } = this
    if (queue === undefined) return this.subscriber.error(cause)
    this.failed = new Set([...this.failed, queue.brokerName])
    const error = located(cause, queue, endpoint)
    this.attempts = [...this.attempts, toAttempt(error, endpoint, this.context.scheduler.now() - this.attemptedAt)]
    this.againOrNever(error)
  }
  unsubscribe(): void {
    this.now.unsubscribe()
  }

  private againOrNever(error: RocketError): void {
    const { settings, report, scheduler, refresh } = this.context
    const { topic, messageId } = this.outgoing
    if (error.code === 'ERR_RMQ_ROUTE_NOT_FOUND' || error.code === 'ERR_RMQ_CONNECT') refresh(topic)
    const may = this.attempts.length <= settings.retries && mayRepeat(error, settings.retry) && this.mayGoOn()
    if (!may) return this.subscriber.error(this.final(error))
    report({ type: 'send-retried', topic, messageId, error })
    if (error.code !== 'ERR_RMQ_BUSY') return this.attempt()
    const again = (): void => (this.mayGoOn() ? this.attempt() : this.subscriber.error(this.final(error)))
    this.keep(scheduler.schedule(again, Math.min(BUSY_MS * this.attempts.length, this.leftMs())))
  }

  private leftMs(): number {
    return this.startedAt + this.timeoutMs - this.context.scheduler.now()
  }
  private mayGoOn(): boolean {
    return this.leftMs() > 0 && !this.givenUp()
  }
  private chosen({ queues }: Board): MessageQueue {
    const { settings, boards, random } = this.context
    const { topic, shardKey } = this.outgoing
    const cursor = settings.select === 'random' ? Math.floor(random() * 2 ** 30) : boards.nextCursor(topic)
    return chooseQueue({ queues, shardKey, cursor, avoid: this.failed })
  }
  private hasAlternative({ queues }: Board, queue: MessageQueue): boolean {
    const { shardKey } = this.outgoing
    if (shardKey !== undefined && shardKey !== '') return false
    return queues.some(({ brokerName }) => brokerName !== queue.brokerName && !this.failed.has(brokerName))
  }
  /** What may be going on while an earlier step is still on the stack is what counts. */
  private keep(step: Subscription): void {
    if (this.subscriber.closed) step.unsubscribe()
    else if (!step.closed) this.now = step
  }

  private final(error: RocketError): RocketError {
    const { attempts } = this
    const sent = error.sent === 'maybe' || attempts.some(attempt => attempt.sent === 'maybe') ? 'maybe' : 'no'
    const last = this.leftMs() > 0 ? error : this.outOfTime(error)
    return withDetails(last, { attempts, sent, topic: this.outgoing.topic })
  }
  private outOfTime(error: RocketError): RocketError {
    if (error.code === 'ERR_RMQ_TIMEOUT' || error.code === 'ERR_RMQ_CONNECT') return error
    return operationTimeout(`sending to topic "${this.outgoing.topic}"`, this.timeoutMs, { cause: error })
  }
}

const NO_ATTEMPTS: Attempt[] = []
const NO_BROKERS: ReadonlySet<string> = new Set()

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

/** Everything about a message but its body, for one queue. */
export const headerOf = (outgoing: Outgoing, queue: MessageQueue, settings: ProducerSettings) => ({
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
  batch: outgoing.isBatch,
  bname: queue.brokerName,
})
