import { defer, tap } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import { isRocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { decodeOffsetId } from '../protocol/message-id.ts'
import type { PubTrace } from '../protocol/message-trace.ts'

/** What a send is made of, as interceptors of sends see it. */
interface TracedSending {
  readonly group: string
  readonly message: Outbound
  readonly messageId: string
}
/** What became of it, as far as it is traced. */
interface TracedResult {
  readonly status: string
  readonly offsetMessageId: string
  readonly regionId: string | undefined
  readonly traceOn: boolean
}

/** Where a broker says nothing else. */
const DEFAULT_REGION = 'DefaultRegion'

/**
 * An interceptor that has one record written for every send, as the official client does: none where the broker wants no
 * traces. Failures are traced, too.
 */
export const traceSends =
  (add: (record: PubTrace) => void, scheduler: SchedulerLike) =>
  <S extends TracedSending, R extends TracedResult>(sending: S, next: (sending: S) => Observable<R>): Observable<R> =>
    defer(() => {
      const startedAt = scheduler.now()
      const { topic } = sending.message
      const { codec } = topic
      let bodyLength = 0
      /** The codec of the user, and how much it made. */
      const measuring = {
        name: codec.name,
        decode: (bytes: Buffer) => codec.decode(bytes),
        encode: (body: unknown) => {
          const bytes = codec.encode(body)
          bodyLength = bytes.length
          return bytes
        },
      }
      const traced = (more: Pick<PubTrace, 'regionId' | 'storeHost' | 'success' | 'offsetMessageId'>): void => {
        const { message, messageId, group } = sending
        add({
          type: 'Pub',
          timestamp: startedAt,
          group,
          topic: topic.name,
          messageId,
          ...(message.tag ? { tags: message.tag } : {}),
          ...(message.keys === undefined || message.keys.length === 0 ? {} : { keys: message.keys.join(' ') }),
          bodyLength,
          costMs: scheduler.now() - startedAt,
          messageType: message.delayLevel === undefined ? 'normal' : 'delay',
          ...more,
        })
      }
      return next({ ...sending, message: { ...sending.message, topic: { ...topic, codec: measuring } } }).pipe(
        tap({
          next: ({ status, offsetMessageId, regionId = DEFAULT_REGION, traceOn }) => {
            if (!traceOn) return
            traced({ regionId, offsetMessageId, storeHost: hostOf(offsetMessageId), success: status === 'ok' })
          },
          error: (error: unknown) => {
            const storeHost = isRocketError(error) ? (error.endpoint ?? '') : ''
            traced({ regionId: DEFAULT_REGION, storeHost, success: false })
          },
        }),
      )
    })

/** The broker's address is part of the id that it makes. */
const hostOf = (offsetMessageId: string): string => {
  try {
    const { host } = decodeOffsetId(offsetMessageId)
    return `${host.address}:${host.port}`
  } catch {
    return '' // not every broker makes them so
  }
}
