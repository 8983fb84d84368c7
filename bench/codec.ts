import { decodeFrame, encodeFrame } from '../src/protocol/frames/frame-codec.ts'
import { requestFrame, responseFrame } from '../src/protocol/frames/frame.ts'
import type { Frame } from '../src/protocol/frames/frame.ts'
import { writeProperties } from '../src/protocol/messages/properties.ts'
import { messageBody, messageId, readStoredMessages } from '../src/protocol/messages/stored-message.ts'
import { storedBytes } from '../test/support/builders.ts'
import type { Finding, Running } from './bench.ts'
import { interleaved, timed } from './rounds.ts'
import type { Contestant } from './rounds.ts'

const BODY = Buffer.alloc(256, 'rocketmq-rxjs ')
const PROPERTIES = { UNIQ_KEY: '7F000001000100000000000000000000', WAIT: 'true', TAGS: 'late', KEYS: 'a b' }
const SEND: Frame = requestFrame(310, {
  fields: {
    a: 'bench',
    b: 'bench_1',
    c: 'TBW102',
    d: '4',
    e: '3',
    f: '0',
    g: '1700000000000',
    h: '0',
    i: writeProperties(PROPERTIES),
    j: '0',
    k: 'false',
    m: 'false',
    n: 'broker-a',
  },
  body: BODY,
})
const ANSWER: Frame = responseFrame({ opaque: 4711 }, 0, {
  fields: {
    msgId: '7F00000100002A9F0000000000001234',
    queueId: '3',
    queueOffset: '123456',
    MSG_REGION: 'DefaultRegion',
    TRACE_ON: 'true',
    transactionId: '7F000001000100000000000000000000',
  },
})

/** Frames and stored messages, against a copy of the same bytes. */
export const codec = async ({ rounds, tell }: Running): Promise<readonly Finding[]> => {
  const request = encodeFrame(SEND)
  const answer = encodeFrame(ANSWER).subarray(4)
  const headerText = answer.toString('utf8', 4)
  const page = Buffer.concat(
    Array.from({ length: 32 }, (_, i) =>
      storedBytes({ offset: i, storedBody: BODY, topic: 'bench_1', properties: PROPERTIES }),
    ),
  )
  const frames = await interleaved(
    [
      copying(request),
      repeated('JSON.parse of an answer’s header', () => JSON.parse(headerText)),
      repeated('decode an answer', () => decodeFrame(answer)),
      repeated('JSON.stringify of a request’s header', () => JSON.stringify({ code: 310, extFields: SEND.fields })),
      repeated('encode a request', () => encodeFrame(SEND)),
    ],
    rounds,
    tell,
  )
  const messages = await interleaved(
    [
      copying(page, 32),
      repeated('walk the records', () => readStoredMessages(page), 32),
      repeated('read every record: id, properties, body', () => readAll(page), 32),
    ],
    rounds,
    tell,
  )
  return [
    { title: `frames: ${request.length} B with a body of ${BODY.length} B`, unit: 'frame', rows: frames },
    { title: `stored messages: pages of 32, ${page.length} B`, unit: 'message', rows: messages },
  ]
}

const TIMES = 200_000
let sink: unknown
const repeated = (name: string, work: () => unknown, each = 1): Contestant => ({
  name,
  run: () =>
    timed(TIMES, () => {
      for (let i = 0; i < TIMES; i += each) sink = work()
    }),
})
const copying = (bytes: Buffer, each = 1): Contestant =>
  repeated(`copy of the bytes`, () => bytes.copy(Buffer.allocUnsafe(bytes.length)), each)

/** Reads what a handler reads of each message. */
const readAll = (page: Buffer): unknown => {
  for (const message of readStoredMessages(page).messages)
    sink = [messageId(message), message.properties, messageBody(message)]
  return sink
}
