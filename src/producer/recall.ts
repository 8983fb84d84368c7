import { catchError, map, switchMap, throwError } from 'rxjs'
import type { Observable } from 'rxjs'
import type { Broker } from '../broker/broker.ts'
import { illegal, isRocketError, notConnected, withDetails } from '../errors.ts'
import { nameOf } from '../messages/topic.ts'
import type { Topic } from '../messages/topic.ts'
import { checkTopic, isDeadLetterTopic, isRetryTopic } from '../protocol/names.ts'
import { decodeRecallHandle } from '../protocol/recall-handle.ts'
import type { RecallHandle } from '../protocol/recall-handle.ts'
import { RESPONSE } from '../protocol/responses.ts'
import type { TopicBoards } from './topic-boards.ts'

/** A message that waits for its time, by what its send answered. */
export interface Recall {
  readonly topic: Topic | string
  /** `recallHandle` of the SendResult. */
  readonly recallHandle: string
}

/** The broker took the recall. It does not look whether the message still waits. */
export interface Recalled {
  readonly messageId: string
}

export interface RecallContext {
  readonly group: string
  readonly boards: Pick<TopicBoards, 'board$'>
  readonly sending: Pick<Broker['sending'], 'recall$'>
}

/** Asks the broker that holds the message, once: a recall may be repeated, and a late one is refused. */
export const recall$ = (
  { group, boards, sending }: RecallContext,
  what: Recall,
  timeoutMs: number,
): Observable<Recalled> => {
  const topic = nameOf(what.topic)
  const { brokerName } = checkedHandle(topic, what.recallHandle)
  return boards.board$(topic, timeoutMs).pipe(
    switchMap(board => {
      const endpoint = board.masterOf(brokerName)
      if (endpoint === undefined) return throwError(() => notConnected(brokerName, new Error('it has no master')))
      const header = { producerGroup: group, topic, recallHandle: what.recallHandle, bname: brokerName }
      return sending.recall$(endpoint, header, timeoutMs)
    }),
    map(messageId => ({ messageId })),
    catchError((cause: unknown) => throwError(() => explained(cause, topic))),
  )
}

/** Throws ERR_RMQ_ILLEGAL, as Java's client refuses it, before anything is asked. */
const checkedHandle = (topic: string, recallHandle: unknown): RecallHandle => {
  checkTopic(topic)
  if (isRetryTopic(topic) || isDeadLetterTopic(topic)) {
    throw illegal(`nothing can be recalled from topic "${topic}": it holds what a group is given again`, { topic })
  }
  if (typeof recallHandle !== 'string') {
    throw illegal('the recall handle is not a string: was the message sent with a time of its own?', { topic })
  }
  const handle = decoded(recallHandle, topic)
  if (handle.topic !== topic) {
    throw illegal(`the recall handle is of topic "${handle.topic}", not of "${topic}"`, { topic })
  }
  return handle
}

const decoded = (recallHandle: string, topic: string): RecallHandle => {
  try {
    return decodeRecallHandle(recallHandle)
  } catch (cause) {
    throw illegal(`the recall handle cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      topic,
      cause,
      advice: 'give the recallHandle of the SendResult as it is',
    })
  }
}

const ADVICE: Readonly<Record<number, string>> = {
  [RESPONSE.REQUEST_CODE_NOT_SUPPORTED]: 'brokers can recall messages from 5.3.2 on',
  [RESPONSE.NO_PERMISSION]: 'turn on recallMessageEnable at the broker, and check permissions',
  [RESPONSE.ILLEGAL_OPERATION]: 'it is delivered, or about to be: recall earlier',
}

/** What a caller can do about the answer of a broker. An old one does not even know the question: it was never possible. */
const explained = (cause: unknown, topic: string): unknown => {
  if (!isRocketError(cause)) return cause
  const advice = ADVICE[cause.responseCode ?? -1]
  const known = { topic, ...(advice === undefined ? {} : { advice }) }
  if (cause.responseCode !== RESPONSE.REQUEST_CODE_NOT_SUPPORTED) return withDetails(cause, known)
  return illegal(`${cause.endpoint ?? 'the broker'} cannot recall messages`, {
    ...known,
    cause,
    responseCode: cause.responseCode,
    ...(cause.endpoint === undefined ? {} : { endpoint: cause.endpoint }),
  })
}
