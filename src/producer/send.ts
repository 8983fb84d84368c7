import { Observable, Subscription } from 'rxjs'
import type { Observer, SchedulerLike, Subscriber, Unsubscribable } from 'rxjs'
import Long from 'long'
import type { Broker } from '../broker/broker.ts'
import type { Stored } from '../broker/sending.ts'
import { isRocketError, operationTimeout, withDetails } from '../errors.ts'
import type { Attempt, RocketError } from '../errors.ts'
import type { QueueRef } from '../messages/offsets.ts'
import type { Report } from '../observability/events.ts'
import { backoffMs } from '../operators/backoff.ts'
import { TEMPLATE_TOPIC } from '../protocol/names.ts'
import type { MessageQueue } from '../protocol/bodies/routes.ts'
import { located, mayRepeat, toAttempt } from './attempts.ts'
import type { ProducerSettings } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import { nextRoute } from './next-route.ts'
import type { RoutingContext } from './next-route.ts'
import type { RoutingResult } from './route.ts'
import type { Select } from './selection.ts'
import { keptResult, storedBut, toSendResult } from './send-result.ts'
import type { Kept, SendResult } from './send-result.ts'
import type { Board } from './board.ts'

export interface Sender {
  /**
   * One message with its repeats, until it is due. `written` is called when bytes reached a socket; once `given up`, no more
   * repeats. `select`: for this message instead of the producer's strategy.
   */
  send$(
    outgoing: Outgoing,
    dueAt: number,
    written: () => void,
    givenUp: () => boolean,
    select?: Select | QueueRef,
  ): Observable<SendResult>
}

export interface SenderOptions extends RoutingContext {
  readonly sending: Broker['sending']
  readonly settings: ProducerSettings
  readonly report: Report
  readonly scheduler: SchedulerLike
  /** Asks for a topic's route again. */
  readonly refresh: (topic: string) => void
}

/** Waits before a repeat after a broker said that it is busy: each time about twice as long, in ms. */
const BUSY = { firstMs: 100, maxMs: 1_000 } as const

/** Choose a queue, ask its broker; on failure another broker first, with the same unique id, until attempts or time run out. */
export const createSender = (options: SenderOptions): Sender => ({
  send$: (outgoing, dueAt, written, givenUp, select) =>
    new Observable<SendResult>(subscriber => {
      const sending = new Sending(options, outgoing, dueAt, written, givenUp, subscriber, select)
      subscriber.add(sending)
      sending.start()
    }),
})

/**
 * One message on its way. A class, because there is one for every message: where operators chained for each attempt would
 * cost more than encoding it, the plain case is one subscription, and the rest is made when a send fails.
 */
class Sending implements Observer<Stored>, Unsubscribable {
  private readonly context: SenderOptions
  private readonly outgoing: Outgoing
  private readonly dueAt: number
  private readonly written: () => void
  private readonly givenUp: () => boolean
  private readonly subscriber: Subscriber<SendResult>
  private readonly select: Select | QueueRef | undefined
  private readonly startedAt: number
  private attempts: Attempt[] = NO_ATTEMPTS
  private failed: ReadonlySet<string> = NO_BROKERS
  private now = Subscription.EMPTY // the attempt, the wait for a route or for a busy broker
  private attemptedAt = 0
  private board: Board | undefined
  private routed: RoutingResult | undefined
  private kept: Kept | undefined

  constructor(
    context: SenderOptions,
    outgoing: Outgoing,
    dueAt: number,
    written: () => void,
    givenUp: () => boolean,
    subscriber: Subscriber<SendResult>,
    select: Select | QueueRef | undefined,
  ) {
    this.context = context
    this.outgoing = outgoing
    this.dueAt = dueAt
    this.written = written
    this.givenUp = givenUp
    this.subscriber = subscriber
    this.select = select
    this.startedAt = context.scheduler.now()
  }

  start(): void {
    this.attempt(this.startedAt)
  }
  private attempt(now: number): void {
    const { boards, scheduler } = this.context
    const board = boards.board(this.outgoing.topic)
    if (board !== undefined) return this.ask(board, now)
    this.keep(
      boards.board$(this.outgoing.topic, this.leftMs()).subscribe({
        next: found => this.ask(found, scheduler.now()),
        error: (cause: unknown) =>
          this.fail(this.attempts.length > 0 && isRocketError(cause) ? this.final(cause) : cause),
      }),
    )
  }

  private ask(board: Board, now: number): void {
    this.attemptedAt = now
    try {
      this.askOn(board, this.route(board))
    } catch (cause) {
      this.fail(cause) // thrown inside an observer it would only be reported, and the send never end
    }
  }
  private askOn(board: Board, routed: RoutingResult): void {
    const { sending, settings } = this.context
    this.board = board
    this.routed = routed
    if (!routed.ok) return routed.queue === undefined ? this.fail(routed.error) : this.error(routed.error)
    const { queue, address } = routed
    const patient = this.attempts.length >= settings.retries || !this.hasAlternative() // nobody else: wait
    const timeoutMs = Math.max(1, this.dueAt - this.attemptedAt)
    const header = headerOf(this.outgoing, queue, settings)
    const send$ = this.outgoing.isBatch ? sending.sendBatch$ : sending.send$
    this.keep(
      send$(address, header, this.outgoing.body, { timeoutMs, patient, onWritten: this.written }).subscribe(this),
    )
  }

  next(stored: Stored): void {
    const { outgoing, board, routed, startedAt, attempts } = this
    const { scheduler, settings, health, refresh } = this.context
    const brokerName = routed?.queue?.brokerName ?? ''
    const now = scheduler.now()
    health.succeeded(brokerName, now - this.attemptedAt, now)
    if (board?.isNewTo(brokerName) === true) refresh(outgoing.topic)
    const result = toSendResult(outgoing, brokerName, stored, attempts, now - startedAt)
    if (stored.status !== 'ok' && settings.retryAnotherBrokerWhenNotStoreOk && this.mayAskAnother()) {
      return this.askAnother(result)
    }
    this.subscriber.next(result)
    this.subscriber.complete()
  }
  complete(): void {
    // it had its one value, or the subscriber has left
  }
  error(cause: unknown): void {
    const queue = this.routed?.queue
    if (queue === undefined) return this.fail(cause)
    const error = located(cause, queue, this.endpoint())
    const now = this.context.scheduler.now()
    this.context.health.failed(queue.brokerName, error, now - this.attemptedAt, now)
    this.note(error, queue, now)
    this.againOrNever(error)
  }
  unsubscribe(): void {
    this.now.unsubscribe()
  }

  private note(error: RocketError, { brokerName }: MessageQueue, now: number): void {
    this.failed = new Set([...this.failed, brokerName])
    this.attempts = [...this.attempts, toAttempt(error, this.endpoint(), now - this.attemptedAt)]
  }
  private againOrNever(error: RocketError): void {
    const { settings, scheduler, random, refresh } = this.context
    if (error.code === 'ERR_RMQ_ROUTE_NOT_FOUND' || error.code === 'ERR_RMQ_CONNECT') refresh(this.outgoing.topic)
    const may = this.attempts.length <= settings.retries && mayRepeat(error, settings.retry) && this.mayGoOn()
    if (!may) return this.fail(this.final(error))
    this.tellAgain(error)
    if (error.code !== 'ERR_RMQ_BUSY') return this.attempt(scheduler.now())
    const again = (): void => (this.mayGoOn() ? this.attempt(scheduler.now()) : this.fail(this.final(error)))
    this.keep(scheduler.schedule(again, Math.min(backoffMs(this.attempts.length, { ...BUSY, random }), this.leftMs())))
  }
  private tellAgain(error: RocketError): void {
    const { topic, messageId } = this.outgoing
    this.context.report({ type: 'send-retried', topic, messageId, error })
  }
  private mayAskAnother(): boolean {
    return this.hasAlternative() && this.attempts.length < this.context.settings.retries && this.mayGoOn()
  }
  /** It is stored, but not as it should be: a better answer is sought, and this one kept. */
  private askAnother(result: SendResult): void {
    const now = this.context.scheduler.now()
    const error = storedBut(result, 'replicated')
    this.kept = { result, attempt: this.attempts.length }
    this.note(error, result.queue, now)
    this.tellAgain(error)
    this.attempt(now)
  }
  /** The end of all attempts; one of them may have stored the message all the same. */
  private fail(error: unknown): void {
    if (this.kept === undefined) return this.subscriber.error(error)
    const elapsedMs = this.context.scheduler.now() - this.startedAt
    this.subscriber.next(keptResult(this.kept, this.attempts, elapsedMs))
    this.subscriber.complete()
  }

  private leftMs(): number {
    return this.dueAt - this.context.scheduler.now()
  }
  private mayGoOn(): boolean {
    return this.leftMs() > 0 && !this.givenUp()
  }
  private route(board: Board): RoutingResult {
    return nextRoute(this.context, {
      board,
      outgoing: this.outgoing,
      select: this.select,
      at: this.attemptedAt,
      tried: this.failed,
      last: this.routed?.queue?.brokerName,
    })
  }
  private endpoint(): string {
    const { routed } = this
    return routed?.ok === true ? routed.address : (routed?.queue?.brokerName ?? '')
  }
  /** Another broker that has not failed the message. */
  private hasAlternative(): boolean {
    const { board, routed, failed } = this
    if (routed?.ok !== true || routed.fixed) return false
    return board?.queues.some(({ brokerName }) => brokerName !== routed.brokerName && !failed.has(brokerName)) === true
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
    return operationTimeout(`sending to topic "${this.outgoing.topic}"`, this.dueAt - this.startedAt, { cause: error })
  }
}

const NO_ATTEMPTS: Attempt[] = []
const NO_BROKERS: ReadonlySet<string> = new Set()

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
