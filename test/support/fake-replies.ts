/** Requests and replies for tests without sockets. */
import Long from 'long'
import { EMPTY, type Observable } from 'rxjs'
import type { Inbound } from '../../src/index.ts'
import { writeHeader } from '../../src/protocol/requests/fields.ts'
import { requestFrame, type Frame } from '../../src/protocol/frames/frame.ts'
import { PROPERTY, readProperties, writeProperties } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import type { FakeTransport } from './fake-transport.ts'

export interface PushParts {
  readonly body?: string
  readonly sysFlag?: number
  readonly properties?: Readonly<Record<string, string>>
}

/** A broker hands a reply over. */
export const pushFrame = (correlationId: string, { body = 'reply', sysFlag = 0, properties }: PushParts = {}): Frame =>
  requestFrame(REQUESTS.PUSH_REPLY_MESSAGE_TO_CLIENT.code, {
    opaque: 1,
    body: Buffer.from(body),
    fields: writeHeader(REQUESTS.PUSH_REPLY_MESSAGE_TO_CLIENT.asks, {
      producerGroup: 'repliers',
      topic: 'c_REPLY_TOPIC',
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 3,
      sysFlag,
      bornTimestamp: Long.fromNumber(1_000),
      flag: 0,
      properties: writeProperties({ [PROPERTY.CORRELATION_ID]: correlationId, ...properties }),
      bornHost: '/10.0.0.6:40000',
      storeHost: '/10.0.0.1:10911',
      storeTimestamp: Long.fromNumber(1_001),
    }),
  })

/** The correlation id of a request; undefined of any other frame. */
const correlationIdOf = ({ code, fields }: Frame): string | undefined =>
  code === REQUESTS.SEND_MESSAGE_V2.code ? readProperties(fields['i'] ?? '')[PROPERTY.CORRELATION_ID] : undefined

/** Every request has its reply, right after it was stored. */
export const repliesTo = (frame: Frame, endpoint: string, transport: FakeTransport): Observable<never> => {
  const correlationId = correlationIdOf(frame)
  if (correlationId !== undefined) queueMicrotask(() => transport.say(endpoint, pushFrame(correlationId)))
  return EMPTY
}

/** A message that asks for a reply, as its consumer sees it. */
export const aRequest = (more: Partial<Inbound> = {}): Inbound => ({
  topic: 't',
  body: Buffer.from('question'),
  tag: undefined,
  keys: [],
  shardKey: undefined,
  properties: { CORRELATION_ID: 'c 1', REPLY_TO_CLIENT: 'asker', TTL: '3000', CLUSTER: 'c' },
  messageId: 'M',
  offsetMessageId: 'O',
  queue: { topic: 't', brokerName: 'a', queueId: 0 },
  queueOffset: Long.ZERO,
  bornAt: new Date(0),
  storedAt: new Date(0),
  bornHost: '',
  storeHost: '',
  reconsumeTimes: 0,
  toJSON: () => ({}),
  ...more,
})
