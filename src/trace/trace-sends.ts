import { defer, tap } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { ToldEnd } from '../broker/transactions.ts'
import { isRocketError } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { decodeOffsetId } from '../protocol/messages/message-id.ts'
import type { PubTrace, TraceRecord } from '../protocol/bodies/message-trace.ts'
import { BROKER_DEFAULTS } from '../protocol/server-defaults.ts'
import { MESSAGE_FLAG } from '../protocol/sys-flags.ts'

/** A message, or a batch of some, ready for the wire. */
interface TracedMessage {
  readonly topic: string
  readonly messageId: string
  readonly body: Buffer
  readonly sysFlag: number
  readonly message?: Outbound
  readonly members?: readonly TracedMessage[]
}
/** What became of it, as far as it is traced. */
interface TracedResult {
  readonly status: string
  /** Of a batch: those of all, joined by commas. */
  readonly offsetMessageId: string
  readonly regionId: string | undefined
  readonly traceOn: boolean
}

export interface TraceSendsOptions {
  readonly group: string
  /** Where traces go: they are not traced themselves. */
  readonly ownTopic: string
  readonly add: (record: TraceRecord) => void
  readonly scheduler: SchedulerLike
}

/** Where a broker says nothing else. */
const DEFAULT_REGION = BROKER_DEFAULTS.regionId
const STATES = { commit: 'COMMIT_MESSAGE', rollback: 'ROLLBACK_MESSAGE', unknown: 'UNKNOW' } as const

/**
 * Has a record written for every message that is sent and for every end of a transaction, as the official client does: none
 * where the broker wants no traces. Failures are traced, too; each message of a batch by itself.
 */
export const traceSends = ({ group, ownTopic, add, scheduler }: TraceSendsOptions) => ({
  sent$: <R extends TracedResult>(outgoing: TracedMessage, sending$: Observable<R>): Observable<R> =>
    outgoing.topic === ownTopic
      ? sending$
      : defer(() => {
          const startedAt = scheduler.now()
          const traced = (
            { topic, messageId, body, sysFlag, message }: TracedMessage,
            more: Pick<PubTrace, 'regionId' | 'storeHost' | 'success' | 'offsetMessageId'>,
          ): void =>
            add({
              type: 'Pub',
              timestamp: startedAt,
              group,
              topic,
              messageId,
              ...named(message?.tag, message?.keys),
              bodyLength: body.length,
              costMs: scheduler.now() - startedAt,
              messageType: typeOf(sysFlag, message),
              ...more,
            })
          const all = outgoing.members ?? [outgoing]
          return sending$.pipe(
            tap({
              next: ({ status, offsetMessageId, regionId = DEFAULT_REGION, traceOn }) => {
                if (!traceOn) return
                const ids = offsetMessageId.split(',')
                const success = status === 'ok'
                all.forEach((one, i) => {
                  const id = ids[i] ?? offsetMessageId
                  traced(one, { regionId, offsetMessageId: id, storeHost: hostOf(id), success })
                })
              },
              error: (error: unknown) => {
                const storeHost = isRocketError(error) ? (error.endpoint ?? '') : ''
                for (const one of all) traced(one, { regionId: DEFAULT_REGION, storeHost, success: false })
              },
            }),
          )
        }),

  ended: ({ topic, messageId, tag, keys, transactionId, decision, endpoint, fromCheck }: ToldEnd): void =>
    add({
      type: 'EndTransaction',
      timestamp: scheduler.now(),
      regionId: DEFAULT_REGION,
      group,
      topic,
      messageId,
      ...named(tag, keys),
      storeHost: endpoint,
      messageType: 'commit',
      transactionId,
      state: STATES[decision],
      fromCheck,
    }),
})

const named = (tag: string | undefined, keys: readonly string[] | undefined): Pick<PubTrace, 'tags' | 'keys'> => ({
  ...(tag ? { tags: tag } : {}),
  ...(keys === undefined || keys.length === 0 ? {} : { keys: keys.join(' ') }),
})

/** The official client knows nothing of order when it sends. */
const typeOf = (sysFlag: number, message: Outbound | undefined): PubTrace['messageType'] => {
  if ((sysFlag & MESSAGE_FLAG.TRANSACTION_ROLLBACK) === MESSAGE_FLAG.TRANSACTION_PREPARED) return 'half'
  return message?.delayLevel === undefined && message?.deliver === undefined ? 'normal' : 'delay'
}

/** The broker's address is part of the id that it makes. */
const hostOf = (offsetMessageId: string): string => {
  try {
    const { host } = decodeOffsetId(offsetMessageId)
    return `${host.address}:${host.port}`
  } catch {
    return '' // not every broker makes them so
  }
}
