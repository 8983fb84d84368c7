import { defer, firstValueFrom, race } from 'rxjs'
import type { MonoTypeOperatorFunction, Observable } from 'rxjs'
import { checkedMs } from '../client/checks.ts'
import type { Announced } from '../client/heartbeat.ts'
import type { SharedClient } from '../client/shared-client.ts'
import { illegal } from '../errors.ts'
import type { Codec } from '../messages/codecs.ts'
import type { Inbound, Outbound } from '../messages/message.ts'
import type { Topic } from '../messages/topic.ts'
import { neverSync } from '../operators/never-sync.ts'
import { abortable } from './abortable.ts'
import { createAcquaintance } from './acquaintance.ts'
import { checkCallOptions, signalOf } from './call-options.ts'
import { boardsNear } from './near-asker.ts'
import { checkMessage } from './message-shape.ts'
import { toOutgoing } from './outgoing.ts'
import type { Outgoing, OutgoingOptions } from './outgoing.ts'
import { recall$ as askRecall$ } from './recall.ts'
import type { Recall, Recalled } from './recall.ts'
import { toReplyParts } from './reply-parts.ts'
import { createRequests } from './request-reply.ts'
import type { Requests } from './request-reply.ts'
import { createSender } from './send.ts'
import type { Sender, SenderOptions } from './send.ts'
import type { Around } from './send-interceptors.ts'
import type { SendVia } from './send-one.ts'
import type { SendResult } from './send-result.ts'
import { tracedSender } from './tracer.ts'
import type { Tracer } from './tracer.ts'

/** What a request, a reply or a recall may be told. */
export interface CallOptions {
  /** Until the answer is here, ms. Of a request it is told whoever replies. Default: the producer's timeoutMs. */
  readonly timeoutMs?: number
  /** Aborting acts as unsubscribing does, and the operation errors with the reason. */
  readonly signal?: AbortSignal
}

/** What a producer does besides plain sends: asks, replies, takes back. */
export interface ConversationDoors {
  /**
   * Sends a message and waits for the reply of whoever consumes it (see `replyWith`): cold, one value, never inside
   * `subscribe`. `reply` says how the reply is read, and what its `topic` is called: it comes through a topic of the
   * cluster's own. Each subscription is a request of its own. ERR_RMQ_REPLY_TIMEOUT: stored, but not replied to in time.
   * Unsubscribed: a reply that comes later is an event, `late-reply`.
   */
  request$<T, N extends string, R>(
    message: Outbound<T>,
    reply: Topic<N, R>,
    options?: CallOptions,
  ): Observable<Inbound<N, R>>
  /** `request$`, at once. */
  request<T, N extends string, R>(
    message: Outbound<T>,
    reply: Topic<N, R>,
    options?: CallOptions,
  ): Promise<Inbound<N, R>>
  /**
   * Replies to a request, by hand; `replyWith` makes a handler of it. Ends when the asker's client took the reply. Errors
   * with ERR_RMQ_ILLEGAL when the message is no request, ERR_RMQ_BROKER when no broker knows the asker any more.
   */
  reply$<R>(request: Inbound, value: R, codec: Codec<R>, options?: CallOptions): Observable<SendResult>
  /** `reply$`, at once. */
  reply<R>(request: Inbound, value: R, codec: Codec<R>, options?: CallOptions): Promise<SendResult>
  /**
   * Takes a message back that waits for a time of its own (`deliver`), by the `recallHandle` of its send. Brokers from
   * 5.3.2 on, where their operator allows it, until about a second before its time; older ones are ERR_RMQ_ILLEGAL. The
   * broker does not look whether the message still waits: recalling twice succeeds twice.
   */
  recall$(recall: Recall, options?: CallOptions): Observable<Recalled>
  /** `recall$`, at once. */
  recall(recall: Recall, options?: CallOptions): Promise<Recalled>
}

export interface ConversationContext {
  readonly shared: SharedClient
  readonly context: SenderOptions
  /** What sends requests. */
  readonly sender: Sender
  /** How a message is made. */
  readonly packing: OutgoingOptions
  /** Makes the producer known; how to wait for that. Throws when nothing can be sent any more. */
  readonly begin: () => Announced
  /** Sends what is made when it is subscribed. */
  readonly send$: SendVia
  readonly around$: Around | undefined
  readonly tracer: Tracer | undefined
  /** Asks a broker for its release, which makes this producer known to it. */
  readonly greet$: (endpoint: string, timeoutMs: number, patient: boolean) => Observable<number>
}

/** Requests, replies and recalls of one producer; and the requests that wait, for its end. */
export const createConversationDoors = (
  given: ConversationContext,
): { readonly doors: ConversationDoors; readonly requests: Requests } => {
  const { shared, context, sender, packing, begin, send$, around$, tracer, greet$ } = given
  const { boards, settings, sending, scheduler } = context
  const { life, runtime } = shared
  const { newMessageId } = runtime
  const hop: <T>() => MonoTypeOperatorFunction<T> = () => neverSync(runtime.asap)
  /** What all of them begin and end with. */
  const operation$ = <T>(options: CallOptions, work$: (timeoutMs: number) => Observable<T>): Observable<T> =>
    defer(() => {
      begin()
      checkCallOptions('call', options)
      return work$(checkedMs('timeoutMs', options.timeoutMs, settings.timeoutMs))
    }).pipe(abortable(signalOf(options)), hop(), life.held())

  const requests = createRequests({
    clientId: shared.clientId,
    maxRequests: settings.maxRequests,
    replies: shared.replies,
    prepareOwn: (message, own) => {
      const messageId = newMessageId()
      const outgoing = toOutgoing(message, messageId, scheduler.now(), packing, own)
      if (around$ === undefined) return timeoutMs => send$(() => outgoing, { timeoutMs }, sender)
      return timeoutMs =>
        around$({ kind: 'request', message, messageId, options: { timeoutMs } }, one =>
          send$(now => toOutgoing(one.message, one.messageId, now, packing, own), { timeoutMs }, sender),
        )
    },
    acquainted$: createAcquaintance({
      boards,
      known$: (endpoint, timeoutMs) => {
        return race<unknown[]>(begin().known$(endpoint), greet$(endpoint, timeoutMs, false))
      },
      scheduler,
    }),
    newCorrelationId: newMessageId,
    scheduler,
  })

  const request$: ConversationDoors['request$'] = (message, reply, options = {}) =>
    operation$(options, timeoutMs => {
      checkRequest(message)
      return requests.request$(message, reply, timeoutMs)
    })

  const reply$: ConversationDoors['reply$'] = (request, value, codec, options = {}) => {
    const near = createSender({
      ...context,
      boards: boardsNear(boards, request.queue.brokerName),
      select: () => 'round-robin',
      sending: { ...sending, send$: sending.reply$ },
    })
    const via = tracedSender(near, tracer)
    const messageId = newMessageId()
    if (around$ === undefined) {
      const make = (now: number): Outgoing => {
        const { reply, own } = toReplyParts(request, value, codec)
        return toOutgoing(reply, messageId, now, packing, own)
      }
      return send$(make, options, via)
    }
    return defer(() => {
      const { reply, own } = toReplyParts(request, value, codec)
      const { name } = reply.topic
      return around$({ kind: 'reply', message: reply, messageId, options }, one => {
        const toAsker = { ...one.message, topic: { ...one.message.topic, name } } // to whoever asked, whatever became of it
        return send$(now => toOutgoing(toAsker, one.messageId, now, packing, own), options, via)
      })
    }).pipe(hop(), life.held())
  }

  const recall$: ConversationDoors['recall$'] = (recall, options = {}) =>
    operation$(options, timeoutMs => askRecall$({ group: settings.group, boards, sending }, recall, timeoutMs))

  const doors: ConversationDoors = {
    request$,
    request: (message, reply, options) => firstValueFrom(request$(message, reply, options)),
    reply$,
    reply: (request, value, codec, options) => firstValueFrom(reply$(request, value, codec, options)),
    recall$,
    recall: (recall, options) => firstValueFrom(recall$(recall, options)),
  }
  return { doors, requests }
}

/** Whoever asks waits: a request that brokers keep back would only be answered late. */
const checkRequest = (message: Outbound): void => {
  checkMessage(message)
  if (message.delayLevel === undefined && message.deliver === undefined) return
  throw illegal(`a request cannot be delayed: it has a ${message.deliver === undefined ? 'delayLevel' : 'deliver'}`, {
    topic: message.topic.name,
    advice: 'send a plain message, and have it replied to by another one',
  })
}
