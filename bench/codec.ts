import { encodeStoredMessage } from '../src/protocol/encode-stored-message.ts'
import { decodeFrame, encodeFrame } from '../src/protocol/frame-codec.ts'
import { requestFrame, responseFrame } from '../src/protocol/frame.ts'
import type { Frame } from '../src/protocol/frame.ts'
import { messageBody, messageId, readStoredMessages } from '../src/protocol/stored-message.ts'
import Long from 'long'
import type { Finding, Running } from './bench.ts'
import { interleaved, timed } from './rounds.ts'
import type { Contestant } from './rounds.ts'

const BODY = Buffer.alloc(256, 'rocketmq-rxjs ')
const PROPERTIES =
  'UNIQ_KEY\u00017F000001000100000000000000000000\u0002WAIT\u0001true\u0002TAGS\u0001late\u0002KEYS\u0001a b'
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
    i: PROPERTIES,
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
  const page = Buffer.concat(Array.from({ length: 32 }, (_, i) => stored(i)))
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

const stored = (i: number): Buffer =>
  encodeStoredMessage({
    queueId: 3,
    flag: 0,
    queueOffset: Long.fromNumber(i),
    physicalOffset: Long.fromNumber(i * 500),
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: { address: '127.0.0.1', port: 40_000 },
    storeTimestamp: 1_700_000_000_001,
    storeHost: { address: '127.0.0.1', port: 10_911 },
    reconsumeTimes: 0,
    preparedTransactionOffset: Long.ZERO,
    storedBody: BODY,
    topic: 'bench_1',
    propertiesText: PROPERTIES,
  })
