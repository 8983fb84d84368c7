import Long from 'long'
import { expect } from 'vitest'
import { cutFrames, NOTHING } from '../../src/protocol/cut-frames.ts'
import { int64, readHeader, writeHeader } from '../../src/protocol/fields.ts'
import type { HeaderFields } from '../../src/protocol/fields.ts'
import { decodeFrame, encodeFrame } from '../../src/protocol/frame-codec.ts'
import type { Serialization } from '../../src/protocol/frame-codec.ts'
import { isOneway, isResponse } from '../../src/protocol/frame.ts'
import type { Fields, Frame } from '../../src/protocol/frame.ts'
import type { Language } from '../../src/protocol/languages.ts'
import { REQUESTS } from '../../src/protocol/requests.ts'
import { decodeTopicRoute, encodeTopicRoute } from '../../src/protocol/bodies.ts'
import { isOrderTopic, publishQueues, subscribeQueues } from '../../src/protocol/routes.ts'
import type { MessageQueue } from '../../src/protocol/routes.ts'
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
  if (input !== undefined) checkEncoding({ name, input, expected })
}

const decode = (bytes: Buffer): Frame => {
  const { frames, carry } = cutFrames(NOTHING, bytes)
  expect(carry).toEqual(NOTHING)
  expect(frames).toHaveLength(1)
  return decodeFrame(frames[0]!)
}

interface Encoding {
  readonly name: string
  readonly input: NonNullable<FrameVector['input']>
  readonly expected: Content
}

const checkEncoding = ({ name, input, expected }: Encoding): void => {
  const written = frameOf(input, expected)
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

const frameOf = (input: Encoding['input'], expected: Content): Frame => {
  const whole = { ...expected, ...input }
  return {
    code: whole.code,
    language: (whole.language ?? undefined) as Language | undefined,
    version: whole.version,
    opaque: whole.opaque,
    flag: whole.flag,
    remark: whole.remark ?? undefined,
    fields: Object.fromEntries([
      ...presentTexts(headerFields(whole.code, input)),
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

/** The header as our table of requests writes it, or its plain texts where the table has no row. */
const headerFields = (code: number, { header = {}, headerClass = '' }: Encoding['input']): Values => {
  const row = rowOf(code, headerClass)
  if (row === undefined) return header
  const typed = typedHeader(row, header)
  const fields = writeHeader(row, typed)
  expect(fields).toEqual(Object.fromEntries(presentTexts(header)))
  if (hasAllRequired(row, fields)) expect(readHeader(row, fields)).toEqual(typed)
  return fields
}

const RESPONSE_ROWS: Readonly<Record<string, HeaderFields>> = {
  SendMessageResponseHeader: REQUESTS.SEND_MESSAGE_V2.answers,
  PullMessageResponseHeader: REQUESTS.PULL_MESSAGE.answers,
  QueryConsumerOffsetResponseHeader: REQUESTS.QUERY_CONSUMER_OFFSET.answers,
  SearchOffsetResponseHeader: REQUESTS.SEARCH_OFFSET_BY_TIMESTAMP.answers,
  GetMaxOffsetResponseHeader: REQUESTS.GET_MAX_OFFSET.answers,
  GetMinOffsetResponseHeader: REQUESTS.GET_MIN_OFFSET.answers,
}

const rowOf = (code: number, headerClass: string): HeaderFields | undefined =>
  headerClass.endsWith('ResponseHeader')
    ? RESPONSE_ROWS[headerClass]
    : Object.values(REQUESTS).find(request => request.code === code)?.asks

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
