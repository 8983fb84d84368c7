import type { Observable, SchedulerLike } from 'rxjs'
import type { SharedClient } from '../client/shared-client.ts'
import { operationTimeout } from '../errors.ts'
import type { Outbound } from '../messages/message.ts'
import { deferNeverSync, neverSync } from '../operators/never-sync.ts'
import { abortable } from './abortable.ts'
import { checkCallOptions } from './call-options.ts'
import { isHalf, keepHalf } from './half-message.ts'
import type { ProducerSettings } from './options.ts'
import { toOutgoing } from './outgoing.ts'
import type { Outgoing, OutgoingOptions } from './outgoing.ts'
import type { ProducerMeter } from './producer-stats.ts'
import type { Sender } from './send.ts'
import type { Around } from './send-interceptors.ts'
import { resolveSendOptions } from './send-options.ts'
import type { SendOptions } from './send-options.ts'
import { abandonedSend } from './send-outcome.ts'
import type { Requirement, SendResult } from './send-result.ts'
import type { SendSlots } from './send-slots.ts'

export interface SendOneContext {
  readonly shared: Pick<SharedClient, 'runtime' | 'life' | 'report'>
  readonly settings: ProducerSettings
  readonly slots: SendSlots
  readonly meter: ProducerMeter
  readonly sender: Sender
  /** How a message is made. */
  readonly packing: OutgoingOptions
  readonly around: Around | undefined
  /** Throws when nothing can be sent any more; makes the group known. */
  readonly begin: () => void
  readonly checked: (result: SendResult, require: Requirement) => void
}

/** Sends what is made when it is subscribed. */
export type SendVia = (
  make: (now: number) => Outgoing,
  options: SendOptions,
  via: Sender,
  kind?: 'send' | 'call',
) => Observable<SendResult>

export interface SendOne {
  readonly sendVia$: SendVia
  readonly send$: (message: Outbound, options?: SendOptions) => Observable<SendResult>
}

/** Sends of one message each: a slot, the repeats, a look at the result; with interceptors around where there are any. */
export const createSendOne = (context: SendOneContext): SendOne => {
  const { shared, settings, slots, meter, sender, packing, around, begin, checked } = context
  const { runtime, life, report } = shared
  const { asap, newMessageId } = runtime
  const scheduler: SchedulerLike = runtime.scheduler
  const later$ = deferNeverSync<SendResult>(asap, life.hold)

  const sendVia$: SendVia = (make, options, via, kind = 'call') =>
    later$(() => {
      begin()
      const now = scheduler.now()
      checkCallOptions(kind, options)
      const outgoing = make(now)
      const { topic, messageId } = outgoing
      const { timeoutMs, require, select } = resolveSendOptions(options, settings, topic)
      let abandoned = false
      const sending$ = slots.run$({
        bytes: outgoing.body.length,
        waitMs: timeoutMs, // waiting for its turn counts, too
        tooLate: () => operationTimeout(`sending to topic "${topic}"`, timeoutMs, { topic, ...NOT_STARTED }),
        work$: written => via.send$(outgoing, now + timeoutMs, written, () => abandoned, select),
        check: result => checked(result, require),
        onLeft: () => (abandoned = true),
        onAbandoned: how => report(abandonedSend(topic, messageId, how)),
        meter,
      })
      return abortable<SendResult>(options.signal)(sending$)
    })
  const one$ = (message: Outbound, messageId: string, options: SendOptions): Observable<SendResult> =>
    sendVia$(now => toOutgoing(message, messageId, now, packing), options, sender, 'send')

  const send$: SendOne['send$'] =
    around === undefined
      ? (message, options = {}) => one$(message, newMessageId(), options)
      : (message, options = {}) =>
          around({ kind: isHalf(message) ? 'transaction' : 'send', message, messageId: newMessageId(), options }, one =>
            one$(keepHalf(message, one.message), one.messageId, one.options),
          ).pipe(neverSync(asap), life.held())
  return { sendVia$, send$ }
}

const NOT_STARTED = { sent: 'no', advice: 'too much is on the way: slow the source down' } as const
