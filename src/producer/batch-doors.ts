import { defer, firstValueFrom, map } from 'rxjs'
import type { Observable } from 'rxjs'
import { expected } from '../client/check-kinds.ts'
import type { SharedClient } from '../client/shared-client.ts'
import { batchFailed, isRocketError, operationTimeout, withDetails } from '../errors.ts'
import type { PartialOutcome } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { neverSync } from '../operators/never-sync.ts'
import { abortable } from './abortable.ts'
import { checkCallOptions, signalOf } from './call-options.ts'
import { checkShared, memberResults } from './batch-outgoing.ts'
import { interceptedBatch$ } from './intercepted-batch.ts'
import type { Member } from './intercepted-batch.ts'
import { checkMessage } from './message-shape.ts'
import type { ProducerSettings } from './options.ts'
import { toOutgoing } from './outgoing.ts'
import type { OutgoingOptions } from './outgoing.ts'
import type { ProducerMeter } from './producer-stats.ts'
import type { Sender } from './send.ts'
import type { Accepted, Around } from './send-interceptors.ts'
import { resolveSendOptions } from './send-options.ts'
import type { SendOptions } from './send-options.ts'
import { abandonedSend } from './send-outcome.ts'
import type { Requirement, SendResult } from './send-result.ts'
import type { SendSlots } from './send-slots.ts'
import { createSendTogether, hasFailed } from './together.ts'
import type { End, SendTogether } from './together.ts'
import type { TopicBoards } from './topic-boards.ts'
import type { OnewayReceipt, WriteOneway } from './write-oneway.ts'

/** What one-way sends may be told: nobody answers them, so nothing can be required. */
export type OnewayOptions = Omit<SendOptions, 'require'>

/** Sends of several messages at once, and sends that nobody answers. */
export interface BatchDoors {
  /**
   * Sends messages of one topic in as few requests as possible: cold, their results in their order. Each request is
   * stored as a whole or not at all; several requests are no transaction. Messages with a sharding key go to the queue of
   * their key, in order. Not for messages that are delayed, part of a transaction or for a retry topic: ERR_RMQ_ILLEGAL.
   * When some fail, `partial` of the error tells of each what became of it.
   */
  sendBatch$<T>(messages: readonly Outbound<T>[], options?: SendOptions): Observable<readonly SendResult[]>
  /**
   * Writes a message to a socket, once, and awaits no answer: cold, one receipt when the socket took it. It waits while
   * the socket takes no more. What fails before is the error; what happens afterwards nobody tells.
   */
  oneway$<T>(message: Outbound<T>, options?: OnewayOptions): Observable<OnewayReceipt>
  /** `sendBatch$` without an answer: as fast as it gets, and as little sure as `oneway$`. Where it takes several requests,
   * brokers may store a later one first. */
  onewayBatch$<T>(messages: readonly Outbound<T>[], options?: OnewayOptions): Observable<readonly OnewayReceipt[]>
  /** `sendBatch$`, at once. */
  sendBatch<T>(messages: readonly Outbound<T>[], options?: SendOptions): Promise<readonly SendResult[]>
  /** `oneway$`, at once. */
  oneway<T>(message: Outbound<T>, options?: OnewayOptions): Promise<OnewayReceipt>
  /** `onewayBatch$`, at once. */
  onewayBatch<T>(messages: readonly Outbound<T>[], options?: OnewayOptions): Promise<readonly OnewayReceipt[]>
}

/** What a producer's doors for batches stand on. */
export interface BatchDoorsOptions {
  readonly shared: Pick<SharedClient, 'runtime' | 'life' | 'report'>
  readonly settings: ProducerSettings
  readonly boards: TopicBoards
  readonly sender: Sender
  readonly writeOneway$: WriteOneway
  readonly slots: SendSlots
  readonly packing: Packing
  readonly around: Around | undefined
  readonly meter: ProducerMeter
  /** Throws when nothing can be sent any more; makes the group known. */
  readonly begin: () => void
  readonly checked: (result: SendResult, require: Requirement) => void
}

/** How messages are made: to travel alone, as part of a batch, and as a batch. */
export interface Packing {
  readonly alone: OutgoingOptions
  readonly member: OutgoingOptions
  readonly batch: OutgoingOptions
}

export const createBatchDoors = (
  options: BatchDoorsOptions,
): BatchDoors & { readonly together$: SendTogether<SendResult> } => {
  const { shared, settings, boards, sender, writeOneway$, slots, packing, around, meter, begin, checked } = options
  const { scheduler, asap, newMessageId } = shared.runtime
  const { report } = shared
  const hops$ = neverSync<unknown>(asap)
  const hop = <T>(source$: Observable<T>) => source$.pipe(hops$) as Observable<T> // one hop for all, whatever they carry
  const common = { begin, slots, boards, settings, packing, scheduler, report, batched: meter.batch }
  const together$ = createSendTogether<SendResult>({
    ...common,
    ask$: sender.send$,
    counted: (end, bytes) => (hasFailed(end) ? meter.failed() : meter.stored(end, bytes)),
    resultsOf: memberResults,
  })
  const onewayTogether$ = createSendTogether<OnewayReceipt>({
    ...common,
    ask$: writeOneway$,
    counted: end => (hasFailed(end) ? meter.failed() : meter.oneway()),
    resultsOf: (whole, members) => members.map(({ messageId }) => ({ ...whole, messageId })),
  })

  const door$ = <T>(work: () => Observable<T>, signal: AbortSignal | undefined): Observable<T> =>
    defer(() => {
      begin()
      return work()
    }).pipe(abortable(signal), hop, shared.life.held())

  const all$ = <R extends Accepted>(
    send$: SendTogether<R>,
    messages: readonly Outbound[],
    given: SendOptions,
    check: (result: R, require: Requirement) => void,
    kind: 'batch' | 'oneway-batch',
  ): Observable<readonly R[]> => {
    const ids = Array.isArray(messages) ? messages.map(() => newMessageId()) : []
    return door$(() => {
      checkCallOptions(kind === 'batch' ? 'send' : 'oneway', given)
      expected('messages', messages, Array.isArray(messages), 'a list of messages')
      const bornTimestamp = scheduler.now()
      const members$ = (members: readonly Member[]): Observable<readonly End<R>[]> => {
        const made = members.map(({ message, messageId }) =>
          blaming(message, () => toOutgoing(message, messageId, bornTimestamp, packing.member)),
        )
        const { timeoutMs, require, select } = resolveSendOptions(given, settings, made[0]?.topic ?? '')
        checkShared(made)
        return send$(made, timeoutMs, result => check(result, require), select)
      }
      const members = messages.map((message, i): Member => ({ message, messageId: ids[i] ?? '' }))
      if (around === undefined || members.length === 0) {
        return members$(members).pipe(map(ends => resultsOrThrow(messages, ends)))
      }
      for (const { message } of members) blaming(message, () => checkMessage(message))
      const ends$ = interceptedBatch$<R>(
        around,
        members.map(member => ({ kind, ...member, options: given })),
        members$,
      )
      return ends$.pipe(map(ends => resultsOrThrow(messages, ends)))
    }, signalOf(given))
  }

  const onewayOf$ = (message: Outbound, messageId: string, given: OnewayOptions): Observable<OnewayReceipt> =>
    door$(() => {
      checkCallOptions('oneway', given)
      const now = scheduler.now()
      const outgoing = toOutgoing(message, messageId, now, packing.alone)
      const { topic } = outgoing
      const { timeoutMs, select } = resolveSendOptions(given, settings, topic)
      return slots.run$({
        bytes: outgoing.body.length,
        waitMs: timeoutMs,
        tooLate: () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic }),
        work$: written => writeOneway$(outgoing, now + timeoutMs, written, undefined, select),
        onLeft: () => undefined, // the receipt comes with the bytes
        onAbandoned: how => report(abandonedSend(topic, messageId, how)),
        meter: { stored: meter.oneway, failed: meter.failed },
      })
    }, signalOf(given))
  const oneway$ = (message: Outbound, given: OnewayOptions = {}): Observable<OnewayReceipt> => {
    const messageId = newMessageId()
    if (around === undefined) return onewayOf$(message, messageId, given)
    return around({ kind: 'oneway', message, messageId, options: given }, one =>
      onewayOf$(one.message, one.messageId, given),
    ).pipe(hop, shared.life.held())
  }
  const sendBatch$: BatchDoors['sendBatch$'] = (messages, given = {}) =>
    all$(together$, messages, given, checked, 'batch')
  const onewayBatch$: BatchDoors['onewayBatch$'] = (messages, given = {}) =>
    all$(onewayTogether$, messages, given, () => undefined, 'oneway-batch')

  return {
    together$,
    sendBatch$,
    oneway$,
    onewayBatch$,
    sendBatch: (messages, given) => firstValueFrom(sendBatch$(messages, given)),
    oneway: (message, given) => firstValueFrom(oneway$(message, given)),
    onewayBatch: (messages, given) => firstValueFrom(onewayBatch$(messages, given)),
  }
}

/** What is wrong with one message is said of that one, and refuses the batch. */
const blaming = <R>(message: Outbound, look: () => R): R => {
  try {
    return look()
  } catch (cause) {
    throw isRocketError(cause) ? withDetails(cause, { input: message }) : cause
  }
}

const resultsOrThrow = <R>(messages: readonly Outbound[], ends: readonly End<R>[]): readonly R[] => {
  const failures = ends.filter(end => hasFailed(end))
  const [first] = failures
  if (first === undefined) return ends as readonly R[] // none of them is a failure
  const sent = failures.some(failure => failure.sent === 'maybe') ? 'maybe' : 'no'
  throw batchFailed(
    first,
    sent,
    ends.map((end, i) => outcomeOf(messages[i], end)),
  )
}

const outcomeOf = (input: unknown, end: unknown): PartialOutcome =>
  isRocketError(end) ? { ok: false, input, error: end } : { ok: true, input, result: end }
