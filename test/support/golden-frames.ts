import Long from 'long'
import { expect } from 'vitest'
import { cutFrames, NOTHING } from '../../src/protocol/frames/cut-frames.ts'
import { int64, readHeader, writeHeader } from '../../src/protocol/requests/fields.ts'
import type { HeaderFields } from '../../src/protocol/requests/fields.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import type { Serialization } from '../../src/protocol/frames/frame-codec.ts'
import { isOneway, isResponse } from '../../src/protocol/frames/frame.ts'
import type { Fields, Frame } from '../../src/protocol/frames/frame.ts'
import type { Language } from '../../src/protocol/frames/languages.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { decodeTopicRoute, encodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { isOrderTopic, publishQueues, subscribeQueues } from '../../src/protocol/bodies/routes.ts'
import type { MessageQueue } from '../../src/protocol/bodies/routes.ts'
import type { Handlers, Vector } from './golden.ts'

type Values = Readonly<Record<string, unknown>>

interface Content {
  readonly code: number
  readonly language: string | null
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly isResponse: boolean
  readonly isOneway: boolean
  readonly remark: string | null
  readonly extFields: Readonly<Record<string, string | null>> | null
  readonly body: string | null
}

interface FrameVector extends Vector {
  readonly hex: string
  readonly expect: Content | { readonly rejected: true }
  readonly input?: Partial<Omit<Content, 'extFields'>> & {
    readonly serializeType?: 'JSON' | 'ROCKETMQ'
    readonly headerClass?: string
    readonly header?: Values
    readonly extraExtFields?: Values
    readonly extFields?: Values
  }
}

interface RouteVector extends Vector {
  readonly input: { readonly topic: string; readonly routeJson: string }
  readonly expect: {
    readonly publish: { readonly value: { readonly orderTopic: boolean; readonly queues: string } }
    readonly subscribe: { readonly value: string }
  }
}

const checkFrame = (vector: Vector): void => {
  const { hex, expect: expected, input, name } = vector as FrameVector
  const bytes = Buffer.from(hex, 'hex')
  if ('rejected' in expected) {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_PROTOCOL' }))
    return
  }
  expect(contentOf(decode(bytes))).toEqual(comparable(expected))
  const row = rowOf(name, input?.code ?? expected.code)
  if (row !== undefined) checkHeader(row, expected)
  if (input !== undefined) checkEncoding({ name, input, expected, row })
}

/** The row knows every field of the header, and reading and writing them loses nothing. */
const checkHeader = (row: HeaderFields, { code, isResponse, extFields }: Content): void => {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(extFields ?? {})) {
    if (value !== null && !SIGNATURE.includes(name)) fields[name] = value
  }
  const described = Object.entries(row).map(([name, { wireName }]) => wireName ?? name)
  expect(described).toEqual(expect.arrayContaining(Object.keys(fields)))
  if (isResponse && code !== 0) {
    // what a refusal carries of the header depends on how far the server came
    for (const [name, field] of Object.entries(row)) {
      const value = fields[field.wireName ?? name]
      if (value !== undefined) expect(field.write(field.read(value, name))).toBe(value)
    }
    return
  }
  expect(writeHeader(row, readHeader(row, fields))).toEqual(fields)
}

/** Added beside any header by who signs it. */
const SIGNATURE = ['AccessKey', 'Signature', 'SecurityToken']

const decode = (bytes: Buffer): Frame => {
  const { frames, carry, failure } = cutFrames(NOTHING, bytes)
  if (failure !== undefined) throw failure
  expect(carry).toMatchObject({ bytes: 0, wanted: 0, last: undefined })
  expect(frames).toHaveLength(1)
  return decodeFrame(frames[0]!)
}

interface Encoding {
  readonly name: string
  readonly input: NonNullable<FrameVector['input']>
  readonly expected: Content
  readonly row: HeaderFields | undefined
}

const checkEncoding = ({ name, input, expected, row }: Encoding): void => {
  const written = frameOf(input, expected, row)
  const frame = name.startsWith('frame/binary-fast/')
    ? { ...written, fields: without(FORGOTTEN, written.fields) }
    : written
  const serialization = serializationOf(name, input.serializeType)
  if (serialization === 'binary' && Math.abs(frame.code) > 0x7fff) {
    // the official writer cuts the code off and so asks for something else: we refuse
    expect(() => encodeFrame(frame, serialization)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
    return
  }
  expect(contentOf(decode(encodeFrame(frame, serialization)))).toEqual(comparable(expected))
}

/** The hand-written binary writer of the official client forgets these two members of the send header. */
const FORGOTTEN = ['ns', 'nsd']

const serializationOf = (name: string, serializeType: string | undefined): Serialization =>
  serializeType === 'ROCKETMQ' || name.startsWith('frame/go-binary/') ? 'binary' : 'json'

const without = (names: readonly string[], fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

const frameOf = (input: Encoding['input'], expected: Content, row: Encoding['row']): Frame => {
  const whole = { ...expected, ...input }
  return {
    code: whole.code,
    language: (whole.language ?? undefined) as Language | undefined,
    version: whole.version,
    opaque: whole.opaque,
    flag: whole.flag,
    remark: whole.remark ?? undefined,
    fields: Object.fromEntries([
      ...presentTexts(headerFields(row, input.header)),
      ...presentTexts(input.extraExtFields ?? {}),
      ...presentTexts(input.extFields ?? {}),
    ]),
    body: Buffer.from(whole.body ?? '', 'hex'),
  }
}

const presentTexts = (values: Values): (readonly [string, string])[] =>
  Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])

/** The header as our table of requests writes it. Only frames at the edge of the protocol have none. */
const headerFields = (row: HeaderFields | undefined, header: Values = {}): Values => {
  if (row === undefined) return header
  const typed = typedHeader(row, header)
  const fields = writeHeader(row, typed)
  expect(fields).toEqual(Object.fromEntries(presentTexts(header)))
  if (hasAllRequired(row, fields)) expect(readHeader(row, fields)).toEqual(typed)
  return fields
}

/** What the samples of answers answer, by the part of their name behind `response`. */
const ANSWERED: Readonly<Record<string, HeaderFields>> = {
  'broker-config': REQUESTS.GET_BROKER_CONFIG.answers,
  'cluster-info': REQUESTS.GET_BROKER_CLUSTER_INFO.answers,
  'consumer-list': REQUESTS.GET_CONSUMER_LIST_BY_GROUP.answers,
  'consumer-status': REQUESTS.GET_CONSUMER_STATUS_FROM_CLIENT.answers,
  'earliest-store-time': REQUESTS.GET_EARLIEST_MSG_STORETIME.answers,
  heartbeat: REQUESTS.HEART_BEAT.answers,
  lock: REQUESTS.LOCK_BATCH_MQ.answers,
  'min-offset': REQUESTS.GET_MIN_OFFSET.answers,
  'polling-info': REQUESTS.POLLING_INFO.answers,
  pop: REQUESTS.POP_MESSAGE.answers,
  pull: REQUESTS.PULL_MESSAGE.answers,
  'query-offset': REQUESTS.QUERY_CONSUMER_OFFSET.answers,
  recall: REQUESTS.RECALL_MESSAGE.answers,
  'register-broker': REQUESTS.REGISTER_BROKER.answers,
  route: REQUESTS.GET_ROUTEINFO_BY_TOPIC.answers,
  'running-info': REQUESTS.GET_CONSUMER_RUNNING_INFO.answers,
  'search-offset': REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.answers,
  send: REQUESTS.SEND_MESSAGE_V2.answers,
  'view-message': REQUESTS.VIEW_MESSAGE_BY_ID.answers,
  // answers to anything
  acl: {},
  empty: {},
  'go-away': {},
  'system-error': {},
  'unsupported-code': {},
}

/** The row of a sample of a request or an answer; those at the edge of the protocol are about frames, not about rows. */
const rowOf = (name: string, code: number): HeaderFields | undefined => {
  const [, , kind, what = ''] = name.split('/')
  if (kind !== 'request' && kind !== 'response') return undefined
  const row = kind === 'response' ? ANSWERED[what] : Object.values(REQUESTS).find(row => row.code === code)?.asks
  if (row === undefined) throw new Error(`no row for ${name}`)
  return row
}

const typedHeader = (row: HeaderFields, header: Values): Values =>
  Object.fromEntries(
    Object.entries(row)
      .map(([name, field]) => [name, field, header[field.wireName ?? name] ?? undefined] as const)
      .filter(([, , value]) => value !== undefined)
      .map(([name, field, value]) => [name, field.write === int64.write ? Long.fromString(value as string) : value]),
  )

const hasAllRequired = (row: HeaderFields, fields: Fields): boolean =>
  Object.entries(row).every(([name, field]) => field.optional === true || (field.wireName ?? name) in fields)

/** Missing and null are the same for a reader of ext fields, as are no body and a body of zero bytes. */
const comparable = (content: Content): unknown => ({
  ...content,
  extFields: new Map(Object.entries(content.extFields ?? {}).filter(([, value]) => value !== null)),
})

const contentOf = (frame: Frame): unknown =>
  comparable({
    code: frame.code,
    language: frame.language ?? null,
    version: frame.version,
    opaque: frame.opaque,
    flag: frame.flag,
    isResponse: isResponse(frame),
    isOneway: isOneway(frame),
    remark: frame.remark ?? null,
    extFields: frame.fields,
    body: frame.body.length === 0 ? null : frame.body.toString('hex'),
  })

const checkRoute = (vector: Vector): void => {
  const { input, expect: expected } = vector as RouteVector
  const route = decodeTopicRoute(Buffer.from(input.routeJson))
  expect(isOrderTopic(route)).toBe(expected.publish.value.orderTopic)
  expect(written(publishQueues(input.topic, route))).toBe(expected.publish.value.queues)
  expect(written(subscribeQueues(input.topic, route))).toBe(expected.subscribe.value)
  expect(decodeTopicRoute(encodeTopicRoute(route))).toEqual(route)
}

const written = (queues: readonly MessageQueue[]): string =>
  queues.map(queue => `${queue.brokerName}:${queue.queueId}`).join(' ')

export const handlers: Handlers = {
  frame: checkFrame,
  route: checkRoute,
}
