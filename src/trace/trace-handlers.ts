import { from, tap } from 'rxjs'
import type { ObservableInput, SchedulerLike } from 'rxjs'
import { isRocketError } from '../errors.ts'
import type { Inbound } from '../messages/message.ts'
import type { TraceOutcome, TraceRecord } from '../protocol/bodies/message-trace.ts'
import { PROPERTY } from '../protocol/messages/properties.ts'
import { BROKER_DEFAULTS } from '../protocol/server-defaults.ts'

/** What a handler is given, as far as it is traced. */
interface TracedDelivery {
  readonly topic: string
  /** What can always be read. */
  readonly raw: Inbound
  readonly attempt: number
  readonly signal: AbortSignal
  /** What the handler itself decided about it. */
  readonly decision: string | undefined
}

interface Traced {
  readonly delivery: TracedDelivery
  readonly raw: Inbound
}

export interface TraceHandlersOptions {
  readonly group: string
  /** Where traces go: who consumes them is not traced. */
  readonly ownTopic: string
  /** A call that took so long is traced as one that took too long, however it ended, unless it failed. */
  readonly slowMs: number
  readonly newRequestId: () => string
  readonly add: (record: TraceRecord) => void
  readonly scheduler: SchedulerLike
}

/**
 * Has a record written for each message when a handler gets it, and one when the call has ended, as the official client
 * does: both name the call by the same id. None for messages that their broker wants no traces of.
 */
export const traceHandlers = ({ group, ownTopic, slowMs, newRequestId, add, scheduler }: TraceHandlersOptions) => {
  /** Tells the beginning now, and the end when it is called. */
  const begin = (count: number, traced: readonly Traced[]) => {
    const requestId = newRequestId()
    const startedAt = scheduler.now()
    // of this attempt: another one in place has another signal
    const told = traced.map(one => ({ ...one, signal: one.delivery.signal, id: idOf(one.raw) }))
    for (const { delivery, raw, id } of told) {
      const regionId = raw.properties[PROPERTY.REGION] ?? BROKER_DEFAULTS.regionId
      const retryTimes = delivery.attempt - 1
      add({ type: 'SubBefore', timestamp: startedAt, regionId, group, requestId, retryTimes, ...id })
    }
    return (how: TraceOutcome): void => {
      const timestamp = scheduler.now()
      const elapsedMs = timestamp - startedAt
      const costMs = Math.floor(elapsedMs / count) // of each, as the official client tells it
      for (const { delivery, signal, id } of told) {
        const success = how === 'success' && (delivery.decision ?? 'acked') === 'acked'
        const isSlow = isTimeout(signal.reason) || (how === 'success' && elapsedMs >= slowMs)
        const outcome = isSlow ? 'timeout' : how === 'success' && !success ? 'failed' : how
        add({ type: 'SubAfter', requestId, costMs, success, outcome, timestamp, group, ...id })
      }
    }
  }
  return {
    around:
      <D extends TracedDelivery>(handler: (deliveries: readonly D[]) => unknown) =>
      (deliveries: readonly D[]): ObservableInput<unknown> | undefined => {
        const traced = deliveries
          .filter(({ topic }) => topic !== ownTopic)
          .map(delivery => ({ delivery, raw: delivery.raw }))
          .filter(isWanted)
        if (traced.length === 0) return handler(deliveries) as ObservableInput<unknown> | undefined // whoever calls looks
        const end = begin(deliveries.length, traced)
        let failure: TraceOutcome = 'exception'
        try {
          const result = handler(deliveries)
          if (result === undefined) {
            end('success')
            return undefined
          }
          if (result === null) failure = 'returned-null'
          // what is no stream throws here as it does where it is not traced
          return from(result as ObservableInput<unknown>).pipe(
            tap({
              error: () => end('exception'),
              complete: () => end('success'),
              unsubscribe: () => end('failed'), // its time is over, what it had was taken away, or the consumer stops
            }),
          )
        } catch (error) {
          end(failure)
          throw error
        }
      },
  }
}

const isWanted = ({ raw }: Traced): boolean => raw.properties[PROPERTY.TRACE_ON] !== 'false'

const idOf = ({ messageId, properties }: Inbound): { readonly messageId: string; readonly keys?: string } => {
  const keys = properties[PROPERTY.KEYS]
  return { messageId, ...(keys === undefined ? {} : { keys }) }
}

/** Why a handler should stop: it, or the settling of its message, took too long. */
const isTimeout = (reason: unknown): boolean =>
  isRocketError(reason) && (reason.code === 'ERR_RMQ_TIMEOUT' || reason.code === 'ERR_RMQ_STALLED')
