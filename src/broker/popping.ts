import { map } from 'rxjs'
import type { Observable } from 'rxjs'
import Long from 'long'
import type { RocketError } from '../errors.ts'
import { encodeBatchAckBody } from '../protocol/pop/batch-ack-body.ts'
import { batchAcksOf } from '../protocol/pop/batch-acks.ts'
import type { HeaderOf } from '../protocol/requests/fields.ts'
import { encodePopCheckPoint } from '../protocol/pop/pop-check-point.ts'
import { storedTopicOf } from '../protocol/pop/pop-retry-topic.ts'
import { poppedMessages } from '../protocol/pop/popped-messages.ts'
import type { PopHandle, PoppedMessage } from '../protocol/pop/popped-messages.ts'
import { REQUESTS } from '../protocol/requests/requests.ts'
import { RESPONSE } from '../protocol/responses.ts'
import { readStoredMessages } from '../protocol/messages/stored-message.ts'
import type { Invoke } from '../remoting/invoke.ts'

/** A pop at the broker of this name, which is part of the handles. */
export type PopHeader = HeaderOf<typeof REQUESTS.POP_MESSAGE.asks> & { readonly bname: string }

/** The outcomes of a pop, by Java's names. */
type PopStatus = 'FOUND' | 'POLLING_NOT_FOUND' | 'POLLING_FULL'

export interface Popped {
  readonly status: PopStatus
  readonly messages: readonly PoppedMessage[]
  /** What of the body could not be read: the records before it are in `messages`. */
  readonly failure: RocketError | undefined
  /** Messages that are left on the broker, roughly. */
  readonly restNum: Long
}

/** Whose messages, and of which topic as it was asked for: a handle says whether they lie in its retry topic. */
export interface PopOwner {
  readonly group: string
  readonly topic: string
}

const STATUS: Readonly<Record<number, PopStatus>> = {
  [RESPONSE.SUCCESS]: 'FOUND',
  [RESPONSE.PULL_NOT_FOUND]: 'POLLING_NOT_FOUND',
  [RESPONSE.POLLING_TIMEOUT]: 'POLLING_NOT_FOUND',
  [RESPONSE.POLLING_FULL]: 'POLLING_FULL',
}
const ANSWERS = Object.keys(STATUS).map(Number)
/** The broker does not know the message (any more): there is nothing to be done about it. */
const GONE: readonly number[] = [RESPONSE.NO_MESSAGE, RESPONSE.MESSAGE_ILLEGAL]

/** Java's for acknowledgements, ms. */
const TIMEOUT_MS = 3_000

const handled = ({ group, topic }: PopOwner, handle: PopHandle) => ({
  consumerGroup: group,
  topic: storedTopicOf(handle.mark, topic, group),
  queueId: handle.queueId,
  extraInfo: encodePopCheckPoint(handle),
  offset: handle.queueOffset,
  bname: handle.brokerName,
})

export const createPopping = ({ invoke$ }: Invoke) => ({
  /** Pops once (POP_MESSAGE) on the pull connection; the broker may hold it for `pollTime`. */
  pop$: (endpoint: string, header: PopHeader, timeoutMs: number): Observable<Popped> =>
    invoke$(endpoint, REQUESTS.POP_MESSAGE, header, { timeoutMs, role: 'pull', patient: true, accept: ANSWERS }).pipe(
      map(answer => {
        const status = STATUS[answer.code] ?? 'FOUND'
        if (status !== 'FOUND') return { status, messages: [], failure: undefined, restNum: Long.ZERO }
        const told = answer.header()
        const { messages, failure } = readStoredMessages(answer.body)
        return { status, messages: poppedMessages(told, messages, header.bname), failure, restNum: told.restNum }
      }),
    ),

  /** Acknowledges one message: false when the broker knows none by this handle. Too late is not too wrong: that is true. */
  ack$: (endpoint: string, owner: PopOwner, handle: PopHandle): Observable<boolean> =>
    invoke$(endpoint, REQUESTS.ACK_MESSAGE, handled(owner, handle), { timeoutMs: TIMEOUT_MS, accept: GONE }).pipe(
      map(answer => answer.code === RESPONSE.SUCCESS),
    ),

  /** Acknowledges many messages of one broker. What it does not know is passed over. Unknown to brokers of 5.0. */
  ackMany$: (
    endpoint: string,
    { group, topic }: PopOwner,
    brokerName: string,
    handles: readonly PopHandle[],
  ): Observable<void> =>
    invoke$(
      endpoint,
      REQUESTS.BATCH_ACK_MESSAGE,
      {},
      {
        body: encodeBatchAckBody({ brokerName, acks: batchAcksOf(group, topic, handles) }),
        timeoutMs: TIMEOUT_MS,
      },
    ).pipe(map(() => undefined)),

  /** Hides a message for so long from now on: its new handle, or undefined when the broker knows none by the old one. */
  changeInvisible$: (
    endpoint: string,
    owner: PopOwner,
    handle: PopHandle,
    invisibleMs: number,
  ): Observable<PopHandle | undefined> =>
    invoke$(
      endpoint,
      REQUESTS.CHANGE_MESSAGE_INVISIBLETIME,
      { ...handled(owner, handle), invisibleTime: Long.fromNumber(invisibleMs) },
      { timeoutMs: TIMEOUT_MS, accept: GONE },
    ).pipe(
      map(answer => {
        if (answer.code !== RESPONSE.SUCCESS) return undefined
        const { popTime, invisibleTime, reviveQid } = answer.header()
        const startOffset = handle.queueOffset
        return { ...handle, startOffset, popTime, invisibleTime, reviveQueueId: reviveQid }
      }),
    ),
})
