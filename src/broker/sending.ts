import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import type Long from 'long'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { HeaderOf } from '../protocol/requests/fields.ts'
import type { Answer, Invoke, InvokeOptions } from '../remoting/invoke.ts'

export type SendHeader = HeaderOf<typeof REQUESTS.SEND_MESSAGE_V2.asks>

/** `ok`, or what the broker did not do in time to a message that it stored. */
export type SendStatus = 'ok' | 'flush-disk-timeout' | 'flush-slave-timeout' | 'slave-not-available'

/** What the broker says of a message that it stored. */
export interface Stored {
  readonly status: SendStatus
  /** Of a batch: those of its members, joined by commas. */
  readonly offsetMessageId: string
  readonly queueId: number
  /** Of a batch: that of its first member. */
  readonly queueOffset: Long
  readonly transactionId: string | undefined
  readonly recallHandle: string | undefined
  readonly regionId: string | undefined
  readonly traceOn: boolean
}

/** Codes 10, 11 and 12 mean: stored, but not flushed or replicated in time. */
const STATUS: Readonly<Record<number, SendStatus>> = {
  [RESPONSE.SUCCESS]: 'ok',
  [RESPONSE.FLUSH_DISK_TIMEOUT]: 'flush-disk-timeout',
  [RESPONSE.SLAVE_NOT_AVAILABLE]: 'slave-not-available',
  [RESPONSE.FLUSH_SLAVE_TIMEOUT]: 'flush-slave-timeout',
}
const STORED = Object.keys(STATUS).map(Number)

type SendAnswer = Answer<typeof REQUESTS.SEND_MESSAGE_V2.answers>

const toStored = (answer: SendAnswer): Stored => {
  const { msgId, queueId, queueOffset, transactionId, recallHandle, MSG_REGION, TRACE_ON } = answer.header()
  return {
    status: STATUS[answer.code] ?? 'ok',
    offsetMessageId: msgId,
    queueId,
    queueOffset,
    transactionId,
    recallHandle,
    regionId: MSG_REGION,
    traceOn: TRACE_ON !== 'false',
  }
}

export const createSending = ({ invoke$, tell$ }: Invoke) => ({
  /** Stores one message (SEND_MESSAGE_V2). */
  send$: (
    endpoint: string,
    header: SendHeader,
    body: Buffer,
    options: Pick<InvokeOptions, 'timeoutMs' | 'patient' | 'onWritten'>,
  ): Observable<Stored> =>
    invoke$(endpoint, REQUESTS.SEND_MESSAGE_V2, header, { body, accept: STORED, ...options }, toStored),

  /** Hands a reply to who asked (SEND_REPLY_MESSAGE_V2); an error when the broker does not know the asker. */
  reply$: (
    endpoint: string,
    header: SendHeader,
    body: Buffer,
    options: Pick<InvokeOptions, 'timeoutMs' | 'patient' | 'onWritten'>,
  ): Observable<Stored> =>
    invoke$(endpoint, REQUESTS.SEND_REPLY_MESSAGE_V2, header, { body, accept: STORED, ...options }, toStored),

  /** Stores the members of a batch, all or none (SEND_BATCH_MESSAGE). Offset and ids are those of all, see `Stored`. */
  sendBatch$: (
    endpoint: string,
    header: SendHeader,
    body: Buffer,
    options: Pick<InvokeOptions, 'timeoutMs' | 'patient' | 'onWritten'>,
  ): Observable<Stored> =>
    invoke$(endpoint, REQUESTS.SEND_BATCH_MESSAGE, header, { body, accept: STORED, ...options }, toStored),

  /** The same without an answer: one value when the socket took it. */
  oneway$: (
    endpoint: string,
    header: SendHeader,
    body: Buffer,
    options: Pick<InvokeOptions, 'timeoutMs' | 'patient'>,
  ): Observable<void> =>
    tell$(endpoint, header.batch === true ? REQUESTS.SEND_BATCH_MESSAGE : REQUESTS.SEND_MESSAGE_V2, header, {
      body,
      ...options,
    }),

  /** A message that waits for its time is not to be delivered (RECALL_MESSAGE); emits its id. */
  recall$: (
    endpoint: string,
    header: HeaderOf<typeof REQUESTS.RECALL_MESSAGE.asks>,
    timeoutMs: number,
  ): Observable<string> =>
    invoke$(endpoint, REQUESTS.RECALL_MESSAGE, header, { timeoutMs, patient: true }, answer => answer.header().msgId),

  /** Sends a message back to be delivered again later, or to the dead letters (CONSUMER_SEND_MSG_BACK). */
  sendBack$: (
    endpoint: string,
    header: HeaderOf<typeof REQUESTS.CONSUMER_SEND_MSG_BACK.asks>,
    timeoutMs: number,
  ): Observable<void> =>
    invoke$(endpoint, REQUESTS.CONSUMER_SEND_MSG_BACK, header, { timeoutMs, patient: true }).pipe(map(() => undefined)),
})
