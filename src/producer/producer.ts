import { defer, EMPTY, firstValueFrom, takeUntil } from 'rxjs'
import type { Observable } from 'rxjs'
import { checkedMs } from '../client/checks.ts'
import type { Announced } from '../client/heartbeat.ts'
import type { CloseReport, SharedClient } from '../client/shared-client.ts'
import type { TraceSettings } from '../client/trace-options.ts'
import { closed } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { nameOf } from '../messages/topic.ts'
import type { Topic } from '../messages/topic.ts'
import { ratio } from '../observability/ratio.ts'
import { sampled$ } from '../observability/sampled.ts'
import { neverSync } from '../operators/never-sync.ts'
import { onewayByTime, senderByTime } from './by-time.ts'
import { createBatchDoors } from './batch-doors.ts'
import type { BatchDoors } from './batch-doors.ts'
import { createGroupMembership } from './group-membership.ts'
import { chosenCompressor, resolveProducerOptions } from './options.ts'
import type { ProducerOptions } from './options.ts'
import { createEnd } from './producer-end.ts'
import { createMeter } from './producer-stats.ts'
import type { ProducerStats } from './producer-stats.ts'
import { createRouteDoor } from './route-door.ts'
import type { RouteDoor } from './route-door.ts'
import { createRoutingStats } from './routing-stats.ts'
import type { RoutingStats } from './routing-stats.ts'
import { createSender } from './send.ts'
import type { SenderOptions } from './send.ts'
import type { SendOptions } from './send-options.ts'
import { outcome$ } from './send-outcome.ts'
import type { SendOutcome } from './send-outcome.ts'
import { createAround } from './send-interceptors.ts'
import { checkRequirement } from './send-result.ts'
import type { Requirement, SendResult } from './send-result.ts'
import { createSendOne } from './send-one.ts'
import { createSendSlots } from './send-slots.ts'
import type { Pressure } from './send-slots.ts'
import { createStreamDoors } from './stream-doors.ts'
import type { StreamDoors } from './stream-doors.ts'
import { createStrategies } from './strategies.ts'
import { createConversationDoors } from './conversation-doors.ts'
import type { ConversationDoors } from './conversation-doors.ts'
import { createTimedSending } from './timed-sending.ts'
import { tracedSender } from './tracer.ts'
import type { Tracer } from './tracer.ts'
import { createWriteOneway } from './write-oneway.ts'
import { createTopicBoards } from './topic-boards.ts'
import { warmUp$ } from './warmup.ts'
import type { WarmUp } from './warmup.ts'

/** Sends messages. What ends in `$` is cold; the same name without it acts at once. */
export interface Producer extends AsyncDisposable, BatchDoors, StreamDoors, ConversationDoors, RouteDoor {
  /**
   * Sends a message: cold, one result, never inside `subscribe`. The message id is made by this call, so `retry()` sends
   * one id again; each subscription is a send. Unsubscribed while it waits: not sent. Unsubscribed later: cannot be
   * unsent, and `events$` tells how it ended. Errors: see RocketError.sent for whether it may be stored.
   */
  send$<T>(message: Outbound<T>, options?: SendOptions): Observable<SendResult>
  /** `send$` that never errors: the failure is in the outcome. Safe in any flattening operator. */
  sendOutcome$<T>(message: Outbound<T>, options?: SendOptions): Observable<SendOutcome<Outbound<T>>>
  /** How busy this producer is, now and whenever that changes. */
  readonly pressure$: Observable<Pressure>
  /** One `undefined` when everything accepted so far has ended. */
  flush$(): Observable<void>
  /** How attempts were routed so far: by which strategy, to which brokers. */
  routingStats(): RoutingStats
  /** \`routingStats\` begin anew. The health of brokers stays as it is: see \`client.recoverBroker\`. */
  resetRoutingStats(): void
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
  readonly tracer: Tracer | undefined
  /** When the last send has ended. Completes within `leftMs`. */
  farewell$(leftMs: number): Observable<never>
}
const ALONE: Companion = { tracer: undefined, farewell$: () => EMPTY }

export const createProducer = (
  shared: SharedClient,
  given: ProducerOptions = {},
  traced: (settings: TraceSettings, group: string) => Companion = () => ALONE,
): Producer => {
  const settings = resolveProducerOptions(given)
  const { group } = settings
  const { runtime, routes, broker, heartbeats, life, report, timing } = shared
  const { scheduler, asap, random } = runtime
  const companion = settings.trace === undefined ? ALONE : traced(settings.trace, group)
  const slots = createSendSlots(settings, scheduler)
  const strategies = createStrategies(settings.select, {
    fallback: 'round-robin',
    group,
    closing$: shared.closing$,
    report,
  })
  const routing = createRoutingStats()
  const boards = createTopicBoards({ routes, scheduler, random, ...settings, templateMs: timing.routeRefreshMs })
  const compressor = chosenCompressor(settings.compression)
  const packing = {
    alone: { ...settings, compressor },
    member: { ...settings, compressor: undefined },
    batch: { ...settings, compressor: settings.compressBatch === 'each' ? compressor : undefined },
  }
  const meter = createMeter(() => scheduler.now())
  const membership = createGroupMembership(shared, group, boards.endpoints$)
  let isClosing = false
  const sending: SenderOptions = {
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
    health: shared.health,
    routing,
    select: strategies.current,
  }
  const greet$ = (endpoint: string, timeoutMs: number, patient: boolean): Observable<number> => {
    const data = { clientId: shared.clientId, producerGroups: [group], consumers: [] }
    return broker.membership.heartbeat$(endpoint, data, timeoutMs, patient)
  }
  const timed = { ...sending, sending: createTimedSending(broker.sending, greet$, scheduler) }
  const sender = tracedSender(senderByTime(createSender(sending), createSender(timed)), companion.tracer)
  const writeOneway$ = onewayByTime(createWriteOneway(sending), createWriteOneway(timed))

  /** The first send makes the group known to the brokers in use. Throws when nothing can be sent any more. */
  const begin = (): Announced => {
    if (isClosing) throw closed('the producer')
    return membership.join()
  }

  const checked = (result: SendResult, require: Requirement): void => {
    if (result.status === 'ok') return
    const { status, messageId, queue } = result
    report({ type: 'send-not-replicated', topic: queue.topic, messageId, status, brokerName: queue.brokerName })
    checkRequirement(result, require)
  }

  const around$ = createAround(settings.interceptors, group)
  const common = { shared, settings, slots, meter, sender, around$, begin, checked }
  const { sendVia$, send$ } = createSendOne({ ...common, packing: packing.alone })
  const { doors: conversation, requests } = createConversationDoors({
    shared,
    context: sending,
    sender,
    tracer: companion.tracer,
    around$,
    packing: packing.alone,
    begin,
    send$: sendVia$,
    greet$,
  })

  const { together$, ...doors } = createBatchDoors({ ...common, boards, writeOneway$, packing })

  const sendOutcome$ = <T>(message: Outbound<T>, options?: SendOptions): Observable<SendOutcome<Outbound<T>>> => {
    const sent$ = send$(message, options) // here, so that `retry` sends one id
    return outcome$(message, () => sent$)
  }
  const streams = createStreamDoors({ shared, settings, boards, packing, together$, around$, send$, checked })

  const flush$ = (): Observable<void> => slots.flushed$.pipe(neverSync(asap), life.held())

  const warmup$: Producer['warmup$'] = (topics, { timeoutMs } = {}) =>
    defer(() => {
      if (isClosing) throw closed('the producer')
      const patience = checkedMs('timeoutMs', timeoutMs, timing.connectTimeoutMs)
      return warmUp$(topics.map(nameOf), patience, { boards, join: membership.join, scheduler })
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

  const end$ = createEnd({
    slots,
    requests,
    membership,
    farewell$: leftMs => companion.farewell$(leftMs),
    letGo: () => {
      delist()
      strategies.close()
      boards.close()
    },
    scheduler,
  })
  const close$ = (drainMs: number): Observable<CloseReport> => {
    isClosing = true
    return end$(drainMs)
  }
  const delist = shared.enlist({ kind: 'producer', close$ })
  let closing: Promise<CloseReport> | undefined
  const close: Producer['close'] = ({ drainMs } = {}) => {
    const patience = checkedMs('drainMs', drainMs, timing.drainMs, 0)
    closing ??= firstValueFrom(close$(patience).pipe(life.held()))
    return closing
  }

  return {
    ...doors,
    ...conversation,
    ...createRouteDoor(sending, packing.alone, shared),
    ...streams,
    send$,
    sendOutcome$,
    warmup$,
    stats,
    stats$: (everyMs = 1_000) =>
      sampled$(stats, checkedMs('everyMs', everyMs, 1_000), scheduler).pipe(takeUntil(shared.closing$)),
    resetStats: meter.reset,
    pressure$: slots.pressure$.pipe(takeUntil(shared.closing$)),
    flush$,
    routingStats: routing.snapshot,
    resetRoutingStats: routing.reset,
    send: (message, options) => firstValueFrom(send$(message, options)),
    sendOutcome: (message, options) => firstValueFrom(sendOutcome$(message, options)),
    warmup: (topics, options) => firstValueFrom(warmup$(topics, options)),
    flush: () => firstValueFrom(flush$()),
    close,
    [Symbol.asyncDispose]: () => close().then(() => undefined),
  }
}
