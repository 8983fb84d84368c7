import { concat, concatMap, defer, filter, finalize, ignoreElements, map, merge, startWith, Subject } from 'rxjs'
import { switchMap, take, takeUntil, throwError, timer } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { Replies } from '../client/replies.ts'
import { closed, overflow, replyTimeout } from '../errors.ts'
import type { Inbound, Outbound } from '../messages/message.ts'
import type { Topic } from '../messages/topic.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import type { BrokerNames } from './acquaintance.ts'
import type { OwnProperties } from './outgoing-properties.ts'
import { toReply } from './pushed-reply.ts'

/**
 * Makes a message with properties of our own, or throws what is wrong with it: before anything is asked about its topic.
 * What it returns sends that: cold, ends when it is stored.
 */
type PrepareOwn = <T>(message: Outbound<T>, own: OwnProperties) => (timeoutMs: number) => Observable<unknown>

export interface RequestsOptions {
  readonly clientId: string
  readonly maxRequests: number
  readonly replies: Replies
  readonly prepareOwn: PrepareOwn
  /** Makes us known to the brokers that a reply may come from. */
  readonly acquainted$: (topic: string, timeoutMs: number) => Observable<BrokerNames>
  readonly newCorrelationId: () => string
  readonly scheduler: SchedulerLike
}

export interface Requests {
  /** One request: its one reply, or an error. Unsubscribing forgets it; a reply that comes then is late. */
  request$<T, N extends string, R>(
    message: Outbound<T>,
    reply: Topic<N, R>,
    timeoutMs: number,
  ): Observable<Inbound<N, R>>
  /** Emits when no request waits. */
  readonly idle$: Observable<unknown>
  open(): number
  /** Requests that wait fail with ERR_RMQ_CLOSED. */
  close(): void
}

/**
 * Requests of one producer. A request is a message that says who asks; whoever consumes it replies to the broker, which
 * hands the reply to the asker's connection, where the correlation id finds who waits.
 */
export const createRequests = (options: RequestsOptions): Requests => {
  const { clientId, maxRequests, replies, prepareOwn, acquainted$, newCorrelationId, scheduler } = options
  const endings = new Subject<void>()
  let open = 0
  const closing = new Subject<never>()

  const request$: Requests['request$'] = (message, reply, timeoutMs) =>
    defer(() => {
      if (open >= maxRequests) throw overflow('the table of requests that wait for replies', maxRequests)
      const correlationId = newCorrelationId()
      const own = {
        [PROPERTY.CORRELATION_ID]: correlationId,
        [PROPERTY.REPLY_TO_CLIENT]: clientId,
        [PROPERTY.REPLY_TTL]: String(timeoutMs),
      }
      const sendOwn$ = prepareOwn(message, own)
      open++
      const dueAt = scheduler.now() + timeoutMs
      const leftMs = (): number => Math.max(1, dueAt - scheduler.now())
      let names: BrokerNames = new Map()
      const asked$ = defer(() => sendOwn$(leftMs())).pipe(ignoreElements())
      // From here on it is the reply that is missing.
      const late$ = defer(() => timer(leftMs(), scheduler)).pipe(
        switchMap(() => throwError(() => replyTimeout(message.topic.name, timeoutMs))),
      )
      const replied$ = replies
        .reply$(correlationId)
        .pipe(map(pushed => toReply(pushed, reply, names.get(pushed.endpoint) ?? pushed.endpoint)))
      return acquainted$(message.topic.name, timeoutMs).pipe(
        concatMap(known => {
          names = known
          return merge(replied$, concat(asked$, late$)) // listen before asking
        }),
        take(1),
        takeUntil(closing),
        finalize(() => {
          open--
          endings.next()
        }),
      )
    })

  return {
    request$,
    idle$: endings.pipe(
      startWith(undefined),
      filter(() => open === 0),
    ),
    open: () => open,
    close: () => closing.error(closed('the producer')),
  }
}
