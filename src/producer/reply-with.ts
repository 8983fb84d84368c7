import { concatMap, defer, take, throwIfEmpty } from 'rxjs'
import type { Observable, ObservableInput } from 'rxjs'
import { illegal } from '../errors.ts'
import type { Codec } from '../messages/codecs.ts'
import type { Inbound } from '../messages/message.ts'
import type { ConversationDoors } from './conversation-doors.ts'
import { addressOfAsker } from './reply-parts.ts'
import type { SendResult } from './send-result.ts'

/**
 * A handler for `consumer.process$` that answers requests: the first value of the given handler, encoded, is the reply.
 * The message is acknowledged once the reply was handed over. It is a failure, and `onError` decides, when the handler
 * fails or gives nothing, when the message is no request, and when who asked cannot be reached: by default it then comes
 * again later, for an asker who has long given up. `onError: 'ack'` is for requests that are not worth that.
 */
export const replyWith =
  <D extends { readonly message: Inbound }, R>(
    producer: Pick<ConversationDoors, 'reply$'>,
    codec: Codec<R>,
    handler: (delivery: D) => ObservableInput<R>,
  ) =>
  (delivery: D): Observable<SendResult> =>
    defer(() => {
      addressOfAsker(delivery.message) // before anything is done for a message that is no request
      return handler(delivery)
    }).pipe(
      take(1),
      throwIfEmpty(() => illegal('the handler of a request gave no reply', { topic: delivery.message.topic })),
      concatMap(value => producer.reply$(delivery.message, value, codec)),
    )
