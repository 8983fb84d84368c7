/** What a name server and a broker answer, as a script for the fake transport: enough to send and to consume. */
import Long from 'long'
import { EMPTY, NEVER, of } from 'rxjs'
import type { ObservableInput } from 'rxjs'
import { encodeClusterInfo, encodeConsumerIds, encodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { writeHeader } from '../../src/protocol/requests/fields.ts'
import { isOneway, NO_BODY, requestFrame, type Fields, type Frame } from '../../src/protocol/frames/frame.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import type { Script } from './fake-transport.ts'
import { aBroker, aRoute, storedBytes, type StoredParts } from './builders.ts'

/** An answer with a code, a header and a body; its number is put in by the transport. */
export const answers = (code: number, fields: Readonly<Record<string, string>> = {}, body: Buffer = NO_BODY): Frame =>
  requestFrame(code, { fields, body })

const ok = answers(RESPONSE.SUCCESS)

/** The answer to a send. */
export const storedAnswer = (queueOffset = 0, code: number = RESPONSE.SUCCESS): Frame =>
  answers(
    code,
    writeHeader(REQUESTS.SEND_MESSAGE_V2.answers, {
      msgId: 'AC',
      queueId: 0,
      queueOffset: Long.fromNumber(queueOffset),
    }),
  )

const pullHeader = (next: number) =>
  writeHeader(REQUESTS.PULL_MESSAGE.answers, {
    suggestWhichBrokerId: Long.ZERO,
    nextBeginOffset: Long.fromNumber(next),
    minOffset: Long.ZERO,
    maxOffset: Long.fromNumber(next),
  })

/** The answer to a pull: these messages, the first one at `from`. */
export const pulledAnswer = (from: number, ...messages: readonly StoredParts[]): Frame =>
  answers(
    RESPONSE.SUCCESS,
    pullHeader(from + messages.length),
    Buffer.concat(messages.map((parts, i) => storedBytes({ offset: from + i, ...parts }))),
  )

const offsetAnswer = (offset: number): Frame =>
  answers(RESPONSE.SUCCESS, writeHeader(REQUESTS.GET_MAX_OFFSET.answers, { offset: Long.fromNumber(offset) }))

export interface FakeClusterOptions {
  /** Brokers by name. Default: one, `a` at `a:1`. */
  readonly brokers?: Readonly<Record<string, string>>
  /** Queues of every topic per broker. Default 1. Retry topics exist, too. */
  readonly queues?: number
  /** The members of every group. Default: this one client, `me`. */
  readonly members?: readonly string[]
  /** What is answered to a request code instead. */
  readonly instead?: Readonly<Record<number, Script>>
}

/**
 * Knows every topic, stores every message at offset 0, holds every pull for ever, and believes everybody. Each answer
 * comes at once; `instead` draws those that matter.
 */
export const fakeCluster = (options: FakeClusterOptions = {}): Script => {
  const { brokers = { a: 'a:1' }, queues = 1, members = ['me'], instead = {} } = options
  const byCode: Readonly<Record<number, (fields: Fields) => ObservableInput<Frame>>> = {
    [REQUESTS.GET_ROUTEINFO_BY_TOPIC.code]: ({ topic = '' }) =>
      of(answers(RESPONSE.SUCCESS, {}, encodeTopicRoute(aRoute(brokers, topic.startsWith('%RETRY%') ? 1 : queues)))),
    [REQUESTS.GET_BROKER_CLUSTER_INFO.code]: () =>
      of(
        answers(
          RESPONSE.SUCCESS,
          {},
          encodeClusterInfo({
            brokers: new Map(Object.entries(brokers).map(([name, address]) => [name, aBroker(name, address)])),
            clusters: new Map([['c', Object.keys(brokers)]]),
          }),
        ),
      ),
    [REQUESTS.SEND_MESSAGE_V2.code]: () => of(storedAnswer()),
    [REQUESTS.SEND_BATCH_MESSAGE.code]: () => of(storedAnswer()),
    [REQUESTS.SEND_REPLY_MESSAGE_V2.code]: () => of(storedAnswer()),
    [REQUESTS.RECALL_MESSAGE.code]: () => of(answers(RESPONSE.SUCCESS, { msgId: 'recalled' })),
    [REQUESTS.PULL_MESSAGE.code]: () => NEVER,
    [REQUESTS.QUERY_CONSUMER_OFFSET.code]: () => of(answers(RESPONSE.QUERY_NOT_FOUND)),
    [REQUESTS.GET_MIN_OFFSET.code]: () => of(offsetAnswer(0)),
    [REQUESTS.GET_MAX_OFFSET.code]: () => of(offsetAnswer(0)),
    [REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.code]: () => of(offsetAnswer(0)),
    [REQUESTS.GET_CONSUMER_LIST_BY_GROUP.code]: () => of(answers(RESPONSE.SUCCESS, {}, encodeConsumerIds(members))),
  }
  return (frame, endpoint) => {
    const script = instead[frame.code]
    if (script !== undefined) return script(frame, endpoint)
    if (isOneway(frame)) return EMPTY
    return byCode[frame.code]?.(frame.fields) ?? of(ok)
  }
}
