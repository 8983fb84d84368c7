import type Long from 'long'
import { decodeFailed } from '../../errors.ts'
import type { RocketError } from '../../errors.ts'
import { readBatchMembers } from './client-batch.ts'
import { decompressBody } from '../compression/compress.ts'
import { ipFromBytes } from '../hosts.ts'
import type { Host } from '../hosts.ts'
import { readInt64 } from '../int64.ts'
import { encodeOffsetId } from './message-id.ts'
import { PROPERTY, readProperties } from './properties.ts'
import { MESSAGE_FLAG, withoutCompression } from '../sys-flags.ts'

/** Begins a record whose topic has at most 127 bytes. */
export const MAGIC_V1 = 0xdaa320a7 | 0
/** Begins a record with a two-byte topic length, written since 5.1.0 for longer topics. */
export const MAGIC_V2 = 0xdaa320ab | 0
/** Everything in front of the body, its length included, when both hosts are IPv4. */
export const BYTES_BEFORE_BODY = 88
/** How much longer an IPv6 address is than an IPv4 one. */
const IPV6_EXTRA_BYTES = 12
export const PROPERTIES_LENGTH_BYTES = 2

/** Beyond this a body is not decompressed unless the caller allows more: as much as one answer may have. */
const DEFAULT_MAX_BODY_BYTES = 33_554_432

/**
 * A message as a broker stores and delivers it. Its parts are views: they keep the whole answer they came in alive. Fields
 * are read when they are asked for, so a spread copies none of them.
 */
export interface StoredMessage {
  /** Bytes of the record; 0 for a member of an inner batch. */
  readonly storeSize: number
  readonly queueId: number
  /** Belongs to the user. */
  readonly flag: number
  readonly queueOffset: Long
  /** Place in the broker's commit log. */
  readonly physicalOffset: Long
  /** As stored: see `MESSAGE_FLAG`. */
  readonly sysFlag: number
  /** Epoch ms, by the producer's clock. */
  readonly bornTimestamp: number
  readonly bornHost: Host
  /** Epoch ms, by the broker's clock. */
  readonly storeTimestamp: number
  readonly storeHost: Host
  readonly reconsumeTimes: number
  /** Commit log offset of the half message, else 0. */
  readonly preparedTransactionOffset: Long
  /** Of the stored body; not checked on reading, as in the official clients. */
  readonly bodyCrc: number
  /** As stored, possibly compressed: `messageBody` reads it. */
  readonly storedBody: Buffer
  readonly topic: string
  readonly propertiesText: string
  readonly properties: Readonly<Record<string, string>>
}

/** What a body of records held, up to the first one that cannot be read. */
export interface StoredMessages {
  readonly messages: readonly StoredMessage[]
  /** What ended reading before the bytes did: a decode error that says at which byte. */
  readonly failure?: RocketError
}

/**
 * The records of an answer, back to back. Only lengths are read, fields when they are asked for. A record that is cut off,
 * of an unknown kind, or whose lengths contradict each other ends the reading: what stood before it is in `messages`.
 */
export const readStoredMessages = (body: Buffer): StoredMessages => {
  const messages: StoredMessage[] = []
  let at = 0
  while (at < body.length) {
    const record = recordAt(body, at)
    if (typeof record === 'string') {
      return { messages, failure: decodeFailed(`stored message ${messages.length + 1} at byte ${at}: ${record}`) }
    }
    messages.push(record)
    at = record.end
  }
  return { messages }
}

/**
 * The body as it was sent. Throws `ERR_RMQ_DECODE` when it cannot be decompressed and `ERR_RMQ_TOO_LARGE` when that would
 * take more than `maxBytes`.
 */
export const messageBody = (
  { storedBody, sysFlag }: Pick<StoredMessage, 'storedBody' | 'sysFlag'>,
  maxBytes: number = DEFAULT_MAX_BODY_BYTES,
): Buffer => decompressBody(storedBody, sysFlag, maxBytes)

/** The id that users see: the sender's unique key, or else where the message is stored. */
export const messageId = (message: StoredMessage): string =>
  message.properties[PROPERTY.UNIQUE_KEY] ?? encodeOffsetId(message.storeHost, message.physicalOffset)

/** What Java shows as the flag once the body is decompressed: without the compressed bit (since 5.3.2). */
export const sysFlagAfterDecoding = (message: Pick<StoredMessage, 'sysFlag'>): number =>
  withoutCompression(message.sysFlag)

const UNWRAP = MESSAGE_FLAG.NEED_UNWRAP | MESSAGE_FLAG.INNER_BATCH

/** Whether a record is a batch inside: what topics of the type `BatchCQ` hold. */
export const isInnerBatch = ({ sysFlag }: Pick<StoredMessage, 'sysFlag'>): boolean => (sysFlag & UNWRAP) === UNWRAP

/**
 * The members of a record that is a batch inside, or the message itself when it is none. Members have the container's
 * place in the commit log, consecutive queue offsets, and no size or checksum of their own. Call it once: members keep
 * the container's flag, as in Java.
 */
export const unwrapInnerBatch = (
  message: StoredMessage,
  maxBytes: number = DEFAULT_MAX_BODY_BYTES,
): readonly StoredMessage[] => {
  if (!isInnerBatch(message)) return [message]
  const { queueId, queueOffset, physicalOffset, bornTimestamp, bornHost, storeTimestamp, storeHost } = message
  const { reconsumeTimes, preparedTransactionOffset, topic } = message
  return readBatchMembers(messageBody(message, maxBytes)).map(({ flag, body, propertiesText }, position) => ({
    storeSize: 0,
    queueId,
    flag,
    queueOffset: queueOffset.add(position),
    physicalOffset,
    sysFlag: sysFlagAfterDecoding(message),
    bornTimestamp,
    bornHost,
    storeTimestamp,
    storeHost,
    reconsumeTimes,
    preparedTransactionOffset,
    bodyCrc: 0,
    storedBody: body,
    topic,
    propertiesText,
    properties: readProperties(propertiesText),
  }))
}

/**
 * One record, known by its positions. A class, because hundreds of thousands a second are made and few of their fields
 * read: getters on a prototype cost nothing until they are called, where an object of closures costs one per field.
 */
class StoredRecord implements StoredMessage {
  readonly end: number
  private readonly bytes: Buffer
  private readonly start: number
  private readonly bodyAt: number
  private readonly topicAt: number
  private readonly propertiesAt: number
  private readonly topicLengthBytes: number
  private parsed: Readonly<Record<string, string>> | undefined

  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    bodyAt: number,
    topicLengthBytes: number,
    topicAt: number,
    propertiesAt: number,
  ) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.bodyAt = bodyAt
    this.topicLengthBytes = topicLengthBytes
    this.topicAt = topicAt
    this.propertiesAt = propertiesAt
    this.parsed = undefined
  }

  get storeSize(): number {
    return this.end - this.start
  }
  get bodyCrc(): number {
    return this.bytes.readInt32BE(this.start + 8)
  }
  get queueId(): number {
    return this.bytes.readInt32BE(this.start + 12)
  }
  get flag(): number {
    return this.bytes.readInt32BE(this.start + 16)
  }
  get queueOffset(): Long {
    return readInt64(this.bytes, this.start + 20)
  }
  get physicalOffset(): Long {
    return readInt64(this.bytes, this.start + 28)
  }
  get sysFlag(): number {
    return this.bytes.readInt32BE(this.start + 36)
  }
  get bornTimestamp(): number {
    return timestampAt(this.bytes, this.start + 40)
  }
  get bornHost(): Host {
    return hostAt(this.bytes, this.start + 48, this.sysFlag & MESSAGE_FLAG.BORN_HOST_IPV6)
  }
  // what stands behind the hosts is counted back from the body
  get storeTimestamp(): number {
    return timestampAt(this.bytes, this.bodyAt - 32 - ipv6Extra(this.sysFlag & MESSAGE_FLAG.STORE_HOST_IPV6))
  }
  get storeHost(): Host {
    const ipv6 = this.sysFlag & MESSAGE_FLAG.STORE_HOST_IPV6
    return hostAt(this.bytes, this.bodyAt - 24 - ipv6Extra(ipv6), ipv6)
  }
  get reconsumeTimes(): number {
    return this.bytes.readInt32BE(this.bodyAt - 16)
  }
  get preparedTransactionOffset(): Long {
    return readInt64(this.bytes, this.bodyAt - 12)
  }
  get storedBody(): Buffer {
    return this.bytes.subarray(this.bodyAt, this.topicAt - this.topicLengthBytes)
  }
  get topic(): string {
    return this.bytes.toString('utf8', this.topicAt, this.propertiesAt - PROPERTIES_LENGTH_BYTES)
  }
  get propertiesText(): string {
    return this.bytes.toString('utf8', this.propertiesAt, this.end)
  }
  get properties(): Readonly<Record<string, string>> {
    this.parsed ??= readProperties(this.propertiesText)
    return this.parsed
  }
}

/** The record that begins here, or what is wrong with it. Every length is checked before it is believed. */
const recordAt = (bytes: Buffer, start: number): StoredRecord | string => {
  const left = bytes.length - start
  if (left < BYTES_BEFORE_BODY) return `it is cut off: expected at least ${BYTES_BEFORE_BODY} bytes, ${left} are left`
  const magic = bytes.readInt32BE(start + 4)
  if (magic !== MAGIC_V1 && magic !== MAGIC_V2)
    return `unknown magic 0x${(magic >>> 0).toString(16)}: expected 0xdaa320a7 or 0xdaa320ab`
  const size = bytes.readInt32BE(start)
  if (size > left) return `it announces ${size} bytes: expected at most ${left}, which are left`
  const topicLengthBytes = magic === MAGIC_V1 ? 1 : 2
  const sysFlag = bytes.readInt32BE(start + 36)
  const hostsExtra =
    ipv6Extra(sysFlag & MESSAGE_FLAG.BORN_HOST_IPV6) + ipv6Extra(sysFlag & MESSAGE_FLAG.STORE_HOST_IPV6)
  const end = start + size
  const bodyAt = start + BYTES_BEFORE_BODY + hostsExtra
  const spare = end - bodyAt - topicLengthBytes - PROPERTIES_LENGTH_BYTES
  if (spare < 0) return `it announces ${size} bytes: expected at least ${size - spare}`
  const bodyLength = bytes.readInt32BE(bodyAt - 4)
  if (bodyLength < 0 || bodyLength > spare) return `its body has ${bodyLength} bytes: expected 0 to ${spare}`
  const topicAt = bodyAt + bodyLength + topicLengthBytes
  const topicLength = topicLengthBytes === 1 ? bytes.readInt8(topicAt - 1) : bytes.readInt16BE(topicAt - 2)
  if (topicLength < 0 || topicLength > spare - bodyLength) {
    return `its topic has ${topicLength} bytes: expected 0 to ${spare - bodyLength}`
  }
  const propertiesAt = topicAt + topicLength + PROPERTIES_LENGTH_BYTES
  const propertiesLength = bytes.readInt16BE(propertiesAt - PROPERTIES_LENGTH_BYTES)
  if (propertiesAt + propertiesLength !== end) {
    return `it announces ${size} bytes: expected ${propertiesAt + propertiesLength - start}, as its parts add up`
  }
  return new StoredRecord(bytes, start, end, bodyAt, topicLengthBytes, topicAt, propertiesAt)
}

const ipv6Extra = (bit: number): number => (bit === 0 ? 0 : IPV6_EXTRA_BYTES)

const timestampAt = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)

const hostAt = (bytes: Buffer, at: number, ipv6: number): Host => {
  const portAt = at + 4 + ipv6Extra(ipv6)
  return { address: ipFromBytes(bytes.subarray(at, portAt)), port: bytes.readInt32BE(portAt) }
}
