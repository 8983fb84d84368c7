import { catchError, defaultIfEmpty, defer, finalize, map, of, race, Subject, take } from 'rxjs'
import type { Observable, SchedulerLike } from 'rxjs'
import type { InboundTable } from '../../client/inbound.ts'
import { decodeFailed } from '../../errors.ts'
import { queueKey } from '../../messages/offsets.ts'
import {
  decodeResetOffsets,
  encodeConsumedDirectly,
  encodeConsumerStatus,
  encodeRunningInfo,
} from '../../protocol/bodies/bodies.ts'
import type { QueueOffset } from '../../protocol/bodies/bodies.ts'
import { readHeader } from '../../protocol/requests/fields.ts'
import { responseFrame } from '../../protocol/frames/frame.ts'
import type { Frame } from '../../protocol/frames/frame.ts'
import { withNamespace, withoutNamespace } from '../../protocol/names.ts'
import { REQUESTS } from '../../protocol/requests/requests.ts'
import { RESPONSE } from '../../protocol/responses.ts'
import { readStoredMessages } from '../../protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../protocol/messages/stored-message.ts'
import type { DirectResult, MemberView } from './member-view.ts'
import { runningInfo } from './running-info.ts'

export interface AdminContext {
  readonly inbound: Pick<InboundTable, 'on'>
  readonly namespace: string | undefined
  readonly scheduler: SchedulerLike
}

/** Messages that are consumed directly at one time, per group: who sends more is told to come later. */
const DIRECT_AT_ONCE = 16
const MAX_REMARK_LENGTH = 1_000

/** Answers what tools ask a member by way of brokers, and does what they tell it, until the returned function is called. */
export const answerAdmin = (context: AdminContext, view: MemberView): (() => void) => {
  const { inbound, namespace } = context
  const consumeDirectly = directly(context, view)
  const ends = [
    inbound.on(REQUESTS.RESET_CONSUMER_CLIENT_OFFSET.code, frame => {
      const { group, topic } = readHeader(REQUESTS.RESET_CONSUMER_CLIENT_OFFSET.asks, frame.fields)
      if (group !== view.group) return undefined
      const offsets = decodeResetOffsets(frame.body).map(one => bare(one, namespace))
      const ofTopic = offsets.filter(({ queue }) => queue.topic === topic)
      view.reset(new Map(ofTopic.map(one => [queueKey(one.queue), one])))
      return responseFrame(frame, RESPONSE.SUCCESS)
    }),
    inbound.on(
      REQUESTS.GET_CONSUMER_STATUS_FROM_CLIENT.code,
      frame => {
        const { group, topic } = readHeader(REQUESTS.GET_CONSUMER_STATUS_FROM_CLIENT.asks, frame.fields)
        return group === view.group ? statusAnswer(frame, offsetsOf(view, topic, namespace)) : undefined
      },
      frame => statusAnswer(frame, []),
    ),
    inbound.on(
      REQUESTS.GET_CONSUMER_RUNNING_INFO.code,
      frame => {
        const { consumerGroup } = readHeader(REQUESTS.GET_CONSUMER_RUNNING_INFO.asks, frame.fields)
        if (consumerGroup !== view.group) return undefined
        return responseFrame(frame, RESPONSE.SUCCESS, { body: encodeRunningInfo(runningInfo(view, namespace)) })
      },
      unknownGroup,
    ),
    inbound.on(
      REQUESTS.CONSUME_MESSAGE_DIRECTLY.code,
      frame => {
        const { consumerGroup } = readHeader(REQUESTS.CONSUME_MESSAGE_DIRECTLY.asks, frame.fields)
        return consumerGroup === view.group ? consumeDirectly.answer$(frame) : undefined
      },
      unknownGroup,
    ),
  ]
  return () => {
    for (const end of ends) end()
    consumeDirectly.end()
  }
}

const bare = ({ queue, offset }: QueueOffset, namespace: string | undefined): QueueOffset => ({
  queue: { ...queue, topic: withoutNamespace(queue.topic, namespace) },
  offset,
})

/** Where a member stands in a topic, or in all of them when the name is empty. */
const offsetsOf = (view: MemberView, topic: string, namespace: string | undefined): readonly QueueOffset[] =>
  view
    .queues()
    .filter(({ queue }) => topic === '' || queue.topic === topic)
    .map(({ queue, commitPoint }) => ({
      queue: { ...queue, topic: withNamespace(queue.topic, namespace) },
      offset: commitPoint,
    }))

const statusAnswer = (frame: Frame, own: readonly QueueOffset[]): Frame =>
  responseFrame(frame, RESPONSE.SUCCESS, { body: encodeConsumerStatus({ own, byClientId: new Map() }) })

const unknownGroup = (frame: Frame): Frame =>
  responseFrame(frame, RESPONSE.SYSTEM_ERROR, {
    remark: `consumer group "${frame.fields['consumerGroup'] ?? ''}" has no member here`,
  })

const directly = ({ scheduler }: AdminContext, view: MemberView) => {
  const { group, orderly } = view
  const left = new Subject<void>()
  let open = 0

  const refused = (frame: Frame, code: number, remark: string): Frame => responseFrame(frame, code, { remark })
  const answered = (frame: Frame, startedAt: number, { result, remark }: DirectResult): Frame => {
    const spentTimeMills = Math.max(0, Math.trunc(scheduler.now() - startedAt))
    const why = remark === undefined ? {} : { remark: remark.slice(0, MAX_REMARK_LENGTH) }
    const body = { consumeResult: result, order: orderly, autoCommit: true, ...why, spentTimeMills }
    return responseFrame(frame, RESPONSE.SUCCESS, { body: encodeConsumedDirectly(body) })
  }
  const consumed$ = (frame: Frame): Observable<Frame> =>
    defer(() => {
      const stored = onlyMessage(frame.body)
      const startedAt = scheduler.now()
      open++
      return defer(() => view.consumeDirectly$(stored)).pipe(
        take(1),
        defaultIfEmpty<DirectResult, DirectResult>({ result: 'CR_RETURN_NULL' }),
        catchError((cause: unknown) => of<DirectResult>({ result: 'CR_THROW_EXCEPTION', remark: described(cause) })),
        map(result => answered(frame, startedAt, result)),
        finalize(() => open--),
      )
    })

  return {
    answer$: (frame: Frame): Observable<Frame> => {
      const gone = refused(frame, RESPONSE.SYSTEM_ERROR, `this member has left group "${group}"`)
      const busy = `group "${group}" consumes ${DIRECT_AT_ONCE} messages directly already: try again later`
      return defer(() =>
        open < DIRECT_AT_ONCE
          ? race(left.pipe(map(() => gone)), consumed$(frame))
          : of(refused(frame, RESPONSE.SYSTEM_BUSY, busy)),
      )
    },
    end: () => left.next(),
  }
}

const onlyMessage = (body: Buffer): StoredMessage => {
  const { messages, failure } = readStoredMessages(body)
  if (failure !== undefined) throw failure
  const [only] = messages
  if (only !== undefined && messages.length === 1) return only
  throw decodeFailed(`a message to consume directly: expected one, not ${messages.length}`)
}

const described = (cause: unknown): string =>
  cause instanceof Error ? `${cause.name}: ${cause.message}` : 'the handler failed'
