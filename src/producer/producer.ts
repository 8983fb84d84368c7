import { concat, defer, EMPTY, firstValueFrom, of, race, ReplaySubject, share, switchMap } from 'rxjs'
import { take, takeUntil, timer } from 'rxjs'
import type { OperatorFunction, Observable } from 'rxjs'
import { checkedMs, oneOf } from '../client/checks.ts'
import { NOTHING_LEFT } from '../client/shared-client.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import { closed, operationTimeout } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import type { Topic } from '../messages/topic.ts'
import { neverSync } from '../operators/never-sync.ts'
import { abortable } from './abortable.ts'
import { createGroupMembership } from './group-membership.ts'
import { resolveProducerOptions } from './options.ts'
import type { ProducerOptions } from './options.ts'
import { toOutgoing } from './outgoing.ts'
import { createMeter, ratio, sampled$ } from './producer-stats.ts'
import type { ProducerStats } from './producer-stats.ts'
import { createSender } from './send.ts'
import { sendAll, sendFrom$ } from './send-all.ts'
import type { SendOne, SendStreamOptions } from './send-all.ts'
import { asRocketError, outcome$ } from './send-outcome.ts'
import type { SendOutcome, Sent } from './send-outcome.ts'
import { throughInterceptors } from './send-interceptors.ts'
import type { SendInterceptor } from './send-interceptors.ts'
import { checkRequirement } from './send-result.ts'
import type { Requirement, SendResult } from './send-result.ts'
import { createSendSlots } from './send-slots.ts'
import type { Abandoned, Pressure } from './send-slots.ts'
import { createTopicBoards } from './topic-boards.ts'
import type { TraceSettings } from './trace-options.ts'
import { warmUp$ } from './warmup.ts'
import type { WarmUp } from './warmup.ts'

/** What one send may be told. */
export interface SendOptions {
  /** Budget of this send with all its repeats, ms. Default: the producer's timeoutMs. */
  readonly timeoutMs?: number
  /** What must be true of a stored message. Default `stored`: also when it is not yet flushed or replicated. */
  readonly require?: Requirement
  /** Aborting acts as unsubscribing does, and the operation errors with the reason. */
  readonly signal?: AbortSignal
}

type Stopping<In> = SendStreamOptions<In> & { readonly onError?: 'stop' }
type Continuing<In> = SendStreamOptions<In> & { readonly onError: 'continue' }

/** Sends messages. What ends in `$` is cold; the same name without it acts at once. */
export interface Producer extends AsyncDisposable {
  /**
   * Sends a message: cold, one result, never inside `subscribe`. The message id is made by this call, so `retry()` sends
   * one id again; each subscription is a send. Unsubscribed while it waits: not sent. Unsubscribed later: cannot be
   * unsent, and `events$` tells how it ended. Errors: see RocketError.sent for whether it may be stored.
   */
  send$<T>(message: Outbound<T>, options?: SendOptions): Observable<SendResult>
  /** `send$` that never errors: the failure is in the outcome. Safe in any flattening operator. */
  sendOutcome$<T>(message: Outbound<T>, options?: SendOptions): Observable<SendOutcome<Outbound<T>>>
  /** Sends whatever the source emits, so many at once; outcomes carry their inputs. */
  sendAll<In, T>(project: (input: In) => Outbound<T>, options?: Stopping<In>): OperatorFunction<In, Sent<In>>
  /** With `onError: 'continue'` every input has its outcome; only the source can make the stream error. */
  sendAll<In, T>(project: (input: In) => Outbound<T>, options: Continuing<In>): OperatorFunction<In, SendOutcome<In>>
  /** The same for what can be pulled: arrays, generators, Node streams. Never reads ahead of `concurrency`. */
  sendFrom$<In, T>(
    source: AsyncIterable<In> | Iterable<In>,
    project: (input: In) => Outbound<T>,
    options?: Omit<Stopping<In>, 'buffer'>,
  ): Observable<Sent<In>>
  /** With `onError: 'continue'` every input has its outcome; only the source can make the stream error. */
  sendFrom$<In, T>(
    source: AsyncIterable<In> | Iterable<In>,
    project: (input: In) => Outbound<T>,
    options: Omit<Continuing<In>, 'buffer'>,
  ): Observable<SendOutcome<In>>
  /** How busy this producer is, now and whenever that changes. */
  readonly pressure$: Observable<Pressure>
  /** One `undefined` when everything accepted so far has ended. */
  flush$(): Observable<void>
  /**
   * Routes, connections and a heartbeat to the brokers of these topics, before the first send needs them: one value.
   * Errors when a topic has no route, or when not all is ready within timeoutMs (default `timing.connectTimeoutMs`).
   */
  warmup$(topics: readonly (Topic | string)[], options?: { readonly timeoutMs?: number }): Observable<WarmUp>
  /** What this producer has done, now. */
  stats(): ProducerStats
  /** `stats`, now and every so many ms (default 1,000). */
  stats$(everyMs?: number): Observable<ProducerStats>
  /** Begins to count anew. */
  resetStats(): void
  /** `send$`, at once. */
  send<T>(message: Outbound<T>, options?: SendOptions): Promise<SendResult>
  /** `sendOutcome$`, at once: the promise never rejects. */
  sendOutcome<T>(message: Outbound<T>, options?: SendOptions): Promise<SendOutcome<Outbound<T>>>
  /** `warmup$`, at once. */
  warmup(topics: readonly (Topic | string)[], options?: { readonly timeoutMs?: number }): Promise<WarmUp>
  /** `flush$`, at once. */
  flush(): Promise<void>
  /** Accepts nothing more, awaits what is on the way (at most `timing.drainMs`), and tells what was left. */
  close(options?: { readonly drainMs?: number }): Promise<CloseReport>
}

/** What lives and ends with a producer: the message trace. */
interface Companion {
  readonly interceptors: readonly SendInterceptor[]
  /** When the last send has ended. Completes within `leftMs`. */
  farewell$(leftMs: number): Observable<never>
}
const ALONE: Companion = { interceptors: [], farewell$: () => EMPTY }

export const createProducer = (
  shared: SharedClient,
  given: ProducerOptions = {},
  traced: (settings: TraceSettings, group: string) => Companion = () => ALONE,
): Producer => {
  const settings = resolveProducerOptions(given)
  const { runtime, routes, broker, heartbeats, life, report, timing } = shared
  const { scheduler, asap, random, newMessageId } = runtime
  const companion = settings.trace === undefined ? ALONE : traced(settings.trace, settings.group)
  const slots = createSendSlots(settings, scheduler)
  const boards = createTopicBoards({ routes, scheduler, random, ...settings })
  const meter = createMeter(() => scheduler.now())
  const membership = createGroupMembership(shared, settings.group, boards.endpoints$)
  let isClosing = false
  const sender = createSender({
    sending: broker.sending,
    boards,
    settings,
    report: event => {
      meter.told(event)
      report(event)
    },
    scheduler,
    random,
    refresh: topic => routes.refresh(topic),
  })
  const hop = neverSync<SendResult>(asap)

  const one$ = (message: Outbound, messageId: string, options: SendOptions): Observable<SendResult> =>
    defer(() => {
      if (isClosing) throw closed('the producer')
      const timeoutMs = checkedMs('timeoutMs', options.timeoutMs, settings.timeoutMs)
      const require = oneOf('require', options.require, 'stored', ['stored', 'flushed', 'replicated'])
      const dueAt = scheduler.now() + timeoutMs
      const outgoing = toOutgoing(message, messageId, scheduler.now(), settings)
      const { topic } = outgoing
      membership.join() // the first send makes the group known to the brokers in use
      let abandoned = false
      return slots.run$({
        bytes: outgoing.body.length,
        waitMs: timeoutMs, // waiting for its turn counts, too
        tooLate: () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, ...NOT_STARTED }),
        work$: written => sender.send$(outgoing, dueAt - scheduler.now(), written, () => abandoned),
        check: result => checked(result, require),
        onLeft: () => (abandoned = true),
        onAbandoned: how => report({ type: 'send-abandoned', topic, messageId, ...outcomeOf(how) }),
        meter,
      })
    }).pipe(abortable(options.signal), hop, life.held())

  const around = [...settings.interceptors, ...companion.interceptors]
  const through$ = throughInterceptors(around, sending => one$(sending.message, sending.messageId, sending.options))
  const { group } = settings
  const send$: Producer['send$'] =
    around.length === 0
      ? (message, options = {}) => one$(message, newMessageId(), options)
      : (message, options = {}) =>
          through$({ group, message, messageId: newMessageId(), options }).pipe(hop, life.held())

  const checked = (result: SendResult, require: Requirement): void => {
    if (result.status === 'ok') return
    const { status, messageId, queue } = result
    report({ type: 'send-not-replicated', topic: queue.topic, messageId, status, brokerName: queue.brokerName })
    checkRequirement(result, require)
  }

  const sendOutcome$ = <T>(message: Outbound<T>, options?: SendOptions): Observable<SendOutcome<Outbound<T>>> => {
    const sent$ = send$(message, options) // here, so that `retry` sends one id
    return outcome$(message, () => sent$)
  }
  const projected =
    <In, T>(project: (input: In) => Outbound<T>): SendOne<In> =>
    (input, note) =>
      outcome$(input, () => send$(project(input)), note)

  const flush$ = (): Observable<void> => slots.flushed$.pipe(neverSync(asap), life.held())

  const names = (topics: readonly (Topic | string)[]): readonly string[] =>
    topics.map(topic => (typeof topic === 'string' ? topic : topic.name))
  const warmup$: Producer['warmup$'] = (topics, { timeoutMs } = {}) =>
    defer(() => {
      if (isClosing) throw closed('the producer')
      const patience = checkedMs('timeoutMs', timeoutMs, timing.connectTimeoutMs)
      return warmUp$(names(topics), patience, { boards, join: membership.join, scheduler })
    }).pipe(neverSync(asap), life.held())

  const stats = (): ProducerStats => {
    const { inFlight, queued } = slots.pressure()
    const beats = heartbeats.counts()
    return meter.read({
      group,
      clientId: shared.clientId,
      running: !isClosing,
      inFlight,
      queued,
      cachedTopics: boards.size(),
      heartbeats: { ...beats, successRate: ratio(beats.confirmed, beats.failed) },
    })
  }

  /** Ends once, however often and by whomever it is asked to. */
  const close$ = (drainMs: number): Observable<CloseReport> => {
    isClosing = true
    slots.refuse()
    ending$ ??= defer(() => {
      const dueAt = scheduler.now() + drainMs
      const leftMs = (): number => Math.max(0, dueAt - scheduler.now())
      return race(slots.flushed$, timer(drainMs, scheduler)).pipe(
        take(1),
        switchMap(() => {
          const { inFlight, queued } = slots.pressure()
          const left: CloseReport = { ...NOTHING_LEFT, forced: inFlight + queued > 0, unsent: queued, inFlight }
          slots.close()
          return concat(
            defer(() => companion.farewell$(leftMs())),
            defer(() => membership.leave$(leftMs())),
            defer(() => {
              delist()
              boards.close()
              return of(left)
            }),
          )
        }),
      )
    }).pipe(share({ connector: () => new ReplaySubject(1), resetOnComplete: false, resetOnRefCountZero: false }))
    return ending$
  }
  let ending$: Observable<CloseReport> | undefined
  const delist = shared.enlist({ kind: 'producer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Producer['close'] = ({ drainMs } = {}) => {
    const patience = checkedMs('drainMs', drainMs, timing.drainMs, 0)
    closing ??= firstValueFrom(close$(patience).pipe(life.held()))
    return closing
  }

  return {
    send$,
    sendOutcome$,
    // The two overloads differ only in what the caller may expect: 'stop' lets only successes through.
    sendAll: <In, T>(project: (input: In) => Outbound<T>, options: SendStreamOptions<In> = {}) =>
      sendAll(projected(project), options, report) as OperatorFunction<In, Sent<In>>,
    sendFrom$: <In, T>(
      source: AsyncIterable<In> | Iterable<In>,
      project: (input: In) => Outbound<T>,
      options: Omit<SendStreamOptions<In>, 'buffer'> = {},
    ) => sendFrom$(source, projected(project), options) as Observable<Sent<In>>,
    warmup$,
    stats,
    stats$: (everyMs = 1_000) =>
      sampled$(stats, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(takeUntil(shared.closing$)),
    resetStats: meter.reset,
    pressure$: slots.pressure$.pipe(takeUntil(shared.closing$)),
    flush$,
    send: (message, options) => firstValueFrom(send$(message, options)),
    sendOutcome: (message, options) => firstValueFrom(sendOutcome$(message, options)),
    warmup: (topics, options) => firstValueFrom(warmup$(topics, options)),
    flush: () => firstValueFrom(flush$()),
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
}

const NOT_STARTED = { sent: 'no', advice: 'too much is on the way: slow the source down' } as const

const outcomeOf = (how: Abandoned) =>
  how.stored ? ({ outcome: 'stored' } as const) : ({ outcome: 'failed', error: asRocketError(how.error) } as const)
