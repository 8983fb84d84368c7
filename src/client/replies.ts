import { Observable } from 'rxjs'
import type { Report } from '../observability/events.ts'
import { readHeader } from '../protocol/requests/fields.ts'
import type { HeaderOf } from '../protocol/requests/fields.ts'
import { responseFrame } from '../protocol/frames/frame.ts'
import { PROPERTY, readProperties } from '../protocol/messages/properties.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { InboundTable } from './inbound.ts'

/** A reply as a broker hands it over: not stored for us, so it has no place in a queue. */
export interface PushedReply {
  readonly endpoint: string
  readonly header: HeaderOf<typeof REQUESTS.PUSH_REPLY_MESSAGE_TO_CLIENT.asks>
  readonly properties: Readonly<Record<string, string>>
  /** As it travelled, possibly compressed. */
  readonly body: Buffer
}

/** The replies that this client waits for. One table per client, because brokers know who asks by the client id. */
export interface Replies {
  /** The reply to a request: awaited from subscription on, until it comes or is unsubscribed. Never times out. */
  reply$(correlationId: string): Observable<PushedReply>
}

export const createReplies = (inbound: Pick<InboundTable, 'on'>, report: Report): Replies => {
  const { PUSH_REPLY_MESSAGE_TO_CLIENT } = REQUESTS
  const awaited = new Map<string, (reply: PushedReply) => void>()
  let late = 0

  inbound.on(PUSH_REPLY_MESSAGE_TO_CLIENT.code, (frame, endpoint) => {
    const header = readHeader(PUSH_REPLY_MESSAGE_TO_CLIENT.asks, frame.fields)
    const properties = readProperties(header.properties ?? '')
    const correlationId = properties[PROPERTY.CORRELATION_ID]
    const take = correlationId === undefined ? undefined : awaited.get(correlationId)
    if (take === undefined) report({ type: 'late-reply', endpoint, correlationId, count: ++late })
    else take({ endpoint, header, properties, body: frame.body })
    return responseFrame(frame, RESPONSE.SUCCESS) // who replied has done their part, also when it comes too late
  })

  return {
    reply$: correlationId =>
      new Observable(subscriber => {
        awaited.set(correlationId, reply => {
          awaited.delete(correlationId)
          subscriber.next(reply)
          subscriber.complete()
        })
        return () => awaited.delete(correlationId)
      }),
  }
}
