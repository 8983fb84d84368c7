import { defer, firstValueFrom, map, race, switchMap, take, takeUntil, tap, timer } from 'rxjs'
import type { OperatorFunction, Subscription, Observable } from 'rxjs'
import { checkedMs, oneOf } from '../client/checks.ts'
import { NOTHING_LEFT } from '../client/shared-client.ts'
import type { Announced } from '../client/heartbeat.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import { closed, operationTimeout } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { neverSync } from '../operators/never-sync.ts'
import { abortable } from './abortable.ts'
import { createConversationDoors } from './conversation-doors.ts'
import type { ConversationDoors } from './conversation-doors.ts'
import { isTimed } from './delivery-time.ts'
import { resolveProducerOptions } from './options.ts'
import type { ProducerOptions } from './options.ts'
import { toOutgoing } from './outgoing.ts'
import type { Outgoing } from './outgoing.ts'
import { createSender } from './send.ts'
import type { Sender, SenderOptions } from './send.ts'
import { sendAll, sendFrom$ } from './send-all.ts'
import type { SendOne, SendStreamOptions } from './send-all.ts'
import { asRocketError, outcome$ } from './send-outcome.ts'
import type { SendOutcome, Sent } from './send-outcome.ts'
import { checkRequirement } from './send-result.ts'
import type { Requirement, SendResult } from './send-result.ts'
import { createSendSlots } from './send-slots.ts'
import type { Abandoned, Pressure } from './send-slots.ts'
import { createTimedSending } from './timed-sending.ts'
import { createTopicBoards } from './topic-boards.ts'

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
export interface Producer extends AsyncDisposable, ConversationDoors {
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
  /** `send$`, at once. */
  send<T>(message: Outbound<T>, options?: SendOptions): Promise<SendResult>
  /** `sendOutcome$`, at once: the promise never rejects. */
  sendOutcome<T>(message: Outbound<T>, options?: SendOptions): Promise<SendOutcome<Outbound<T>>>
  /** `flush$`, at once. */
  flush(): Promise<void>
  /** Accepts nothing more, awaits what is on the way (at most `timing.drainMs`), and tells what was left. */
  close(options?: { readonly drainMs?: number }): Promise<CloseReport>
}

export const createProducer = (shared: SharedClient, given: ProducerOptions = {}): Producer => {
  const settings = resolveProducerOptions(given)
  const { runtime, routes, broker, heartbeats, life, report, timing } = shared
  const { scheduler, asap, random, newMessageId } = runtime
  const slots = createSendSlots(settings, scheduler)
  const boards = createTopicBoards({ routes, scheduler, random, ...settings })
  const senderOptions: SenderOptions = {
    sending: broker.sending,
    boards,
    settings,
    report,
    scheduler,
    random,
    refresh: topic => routes.refresh(topic),
  }
  const greet$ = (endpoint: string, timeoutMs: number, patient: boolean): Observable<number> => {
    const data = { clientId: shared.clientId, producerGroups: [settings.group], consumers: [] }
    return broker.membership.heartbeat$(endpoint, data, timeoutMs, patient)
  }
  const sender = createSender(senderOptions)
  const timedSender = createSender({
    ...senderOptions,
    sending: createTimedSending(broker.sending, greet$, scheduler),
  })
  const viaFor = (message: Outbound): Sender => (isTimed(message) ? timedSender : sender)
  const hop = neverSync<SendResult>(asap)
  let membership: Subscription | undefined
  let announced: Announced | undefined

  /** The first send makes the group known to the brokers in use. Throws when the client is closed. */
  const begin = (): Announced | undefined => {
    if (shared.isClosed()) throw closed('the client')
    membership ??= heartbeats
      .announce$({ producerGroup: settings.group, endpoints$: boards.endpoints$ })
      .subscribe({ next: how => (announced = how), error: () => undefined })
    return announced
  }

  const send$ = <T>(message: Outbound<T>, options: SendOptions = {}): Observable<SendResult> => {
    const messageId = newMessageId()
    return sendVia$(() => toOutgoing(message, messageId, scheduler.now(), settings), options, viaFor(message))
  }
  const sendVia$ = (make: () => Outgoing, options: SendOptions, via: Sender): Observable<SendResult> =>
    defer(() => {
      begin()
      const timeoutMs = checkedMs('timeoutMs', options.timeoutMs, settings.timeoutMs)
      const require = oneOf('require', options.require, 'stored', ['stored', 'flushed', 'replicated'])
      const dueAt = scheduler.now() + timeoutMs
      const outgoing = make()
      const { topic, messageId } = outgoing
      let abandoned = false
      return slots.run$({
        bytes: outgoing.body.length,
        waitMs: timeoutMs, // waiting for its turn counts, too
        tooLate: () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, ...NOT_STARTED }),
        work$: written => via.send$(outgoing, dueAt - scheduler.now(), written, () => abandoned),
        check: result => checked(result, require),
        onLeft: () => (abandoned = true),
        onAbandoned: how => report({ type: 'send-abandoned', topic, messageId, ...outcomeOf(how) }),
      })
    }).pipe(abortable(options.signal), hop, life.held())
  const { doors, requests } = createConversationDoors({
    shared,
    sender: senderOptions,
    begin,
    send$: sendVia$,
    viaFor,
    greet$,
  })

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

  const close$ = (drainMs: number): Observable<CloseReport> =>
    defer(() => {
      const late$ = timer(drainMs, scheduler)
      const done$ = slots.flushed$.pipe(switchMap(() => requests.idle$))
      return race<unknown[]>(done$, late$).pipe(
        take(1),
        map((): CloseReport => {
          const unsent = slots.pending()
          return { ...NOTHING_LEFT, forced: unsent + requests.open() > 0, unsent }
        }),
        tap(() => {
          delist()
          requests.close()
          slots.close()
          membership?.unsubscribe()
          boards.close()
        }),
      )
    })
  const delist = shared.enlist({ kind: 'producer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Producer['close'] = ({ drainMs } = {}) => {
    const patience = checkedMs('drainMs', drainMs, timing.drainMs, 0)
    slots.refuse()
    closing ??= firstValueFrom(close$(patience).pipe(life.held()))
    return closing
  }

  return {
    ...doors,
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
    pressure$: slots.pressure$.pipe(takeUntil(shared.closing$)),
    flush$,
    send: (message, options) => firstValueFrom(send$(message, options)),
    sendOutcome: (message, options) => firstValueFrom(sendOutcome$(message, options)),
    flush: () => firstValueFrom(flush$()),
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
}

const NOT_STARTED = { sent: 'no', advice: 'too much is on the way: slow the source down' } as const

const outcomeOf = (how: Abandoned) =>
  how.stored ? ({ outcome: 'stored' } as const) : ({ outcome: 'failed', error: asRocketError(how.error) } as const)
