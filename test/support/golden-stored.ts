import Long from 'long'
import { expect } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import type { RocketError } from '../../src/errors.ts'
import { decodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { encodeStoredMessage } from '../../src/protocol/messages/encode-stored-message.ts'
import { ipFromBytes, ipToBytes } from '../../src/protocol/hosts.ts'
import type { Host } from '../../src/protocol/hosts.ts'
import { encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import {
  messageBody,
  messageId,
  readStoredMessages,
  sysFlagAfterDecoding,
  unwrapInnerBatch,
} from '../../src/protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { compressionOf } from '../../src/protocol/sys-flags.ts'
import type { Handlers, Vector } from './golden.ts'

interface HostVector {
  readonly ipHex: string
  readonly port: number
}

interface Decoded {
  readonly topic: string
  readonly queueId: number
  readonly flag: number
  readonly queueOffset: string
  readonly commitLogOffset: string
  readonly sysFlag: number
  readonly bornTimestamp: string
  readonly bornHost: HostVector
  readonly storeTimestamp: string
  readonly storeHost: HostVector
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: string
  readonly bodyCRC: number
  readonly storeSize: number
  readonly body: string | null
  readonly properties: Readonly<Record<string, string>> | null
  readonly msgId: string
  /** Missing for members of an inner batch. */
  readonly offsetMsgId: string | null
  readonly tags: string | null
  readonly keys: string | null
  readonly delayTimeLevel: number
  readonly waitStoreMsgOK: boolean
}

interface StoredVector extends Vector {
  readonly hex: string
  readonly expect: readonly Decoded[]
  readonly propertiesString?: string
  readonly requestBody?: string
  readonly responseMsgId?: string
  readonly unwrapped?: readonly Decoded[]
}

const hostVector = ({ address, port }: Host): HostVector => ({ ipHex: ipToBytes(address).toString('hex'), port })

const hostOf = ({ ipHex, port }: HostVector): Host => ({ address: ipFromBytes(Buffer.from(ipHex, 'hex')), port })

const decodedOf = (message: StoredMessage): Decoded => ({
  topic: message.topic,
  queueId: message.queueId,
  flag: message.flag,
  queueOffset: message.queueOffset.toString(),
  commitLogOffset: message.physicalOffset.toString(),
  sysFlag: sysFlagAfterDecoding(message),
  bornTimestamp: String(message.bornTimestamp),
  bornHost: hostVector(message.bornHost),
  storeTimestamp: String(message.storeTimestamp),
  storeHost: hostVector(message.storeHost),
  reconsumeTimes: message.reconsumeTimes,
  preparedTransactionOffset: message.preparedTransactionOffset.toString(),
  bodyCRC: message.bodyCrc,
  storeSize: message.storeSize,
  body: messageBody(message).toString('hex'),
  properties: { ...message.properties },
  msgId: messageId(message),
  offsetMsgId: encodeOffsetId(message.storeHost, message.physicalOffset),
  tags: message.properties.TAGS ?? null,
  keys: message.properties.KEYS ?? null,
  delayTimeLevel: Number(message.properties.DELAY ?? 0),
  waitStoreMsgOK: message.properties.WAIT !== 'false',
})

/** Java has null where there is no body and where there are no properties. */
const comparable = (decoded: Decoded): Decoded => ({
  ...decoded,
  body: decoded.body ?? '',
  properties: decoded.properties ?? {},
})

interface Outcome {
  readonly messages: readonly StoredMessage[]
  readonly decoded: readonly Decoded[]
  readonly failure: RocketError | undefined
}

/** Reads as the official client does: a body that cannot be decompressed ends the reading, too. */
const readAll = (bytes: Buffer): Outcome => {
  const { messages, failure } = readStoredMessages(bytes)
  const decoded: Decoded[] = []
  for (const message of messages) {
    try {
      decoded.push(decodedOf(message))
    } catch (error) {
      if (!isRocketError(error)) throw error
      return { messages, decoded, failure: error }
    }
  }
  return { messages, decoded, failure }
}

const checkStored = (vector: Vector): void => {
  const { hex, expect: expected, propertiesString, unwrapped } = vector as StoredVector
  const { messages, decoded, failure } = readAll(Buffer.from(hex, 'hex'))
  expect(decoded).toEqual(expected.map(comparable))
  if (decoded.length === messages.length) expect(failure).toBeUndefined()
  else expect(failure?.message).toContain('compression type 4 is unknown')
  expect(Buffer.concat(messages.map(again)).toString('hex')).toBe(hex)
  if (propertiesString !== undefined) checkPropertiesText(vector as StoredVector, messages, propertiesString)
  if (unwrapped !== undefined) checkMembers(messages, unwrapped)
}

/** Writes a record once more from what was read of it. */
const again = (message: StoredMessage, position: number): Buffer => {
  const { storeSize, topic, storedBody, propertiesText, bornHost, storeHost } = message
  const ips = ipToBytes(bornHost.address).length + ipToBytes(storeHost.address).length
  const variable = Buffer.byteLength(topic) + storedBody.length + Buffer.byteLength(propertiesText) + ips
  const version = storeSize - variable - 82
  if (version !== 1 && version !== 2) throw new Error(`record ${position} has a topic length of ${version} bytes`)
  return encodeStoredMessage(message, version)
}

/** A broker that adds `__CRC32#` adds it behind the text that it was given; all others store the text as it is. */
const checkPropertiesText = (
  { hex, expect: expected }: StoredVector,
  messages: readonly StoredMessage[],
  text: string,
) => {
  const [message] = messages
  const [fields] = expected
  expect(messages).toHaveLength(1)
  if (message === undefined || fields === undefined) return
  const added = fields.properties?.['__CRC32#']
  if (added !== undefined) {
    const separator = text === '' ? '' : '\u0002'
    expect(message.propertiesText).toBe(`${text}${separator}__CRC32#\u0001${added}\u0002`)
    return
  }
  expect(message.propertiesText).toBe(text)
  const written = encodeStoredMessage({
    topic: fields.topic,
    queueId: fields.queueId,
    flag: fields.flag,
    queueOffset: Long.fromString(fields.queueOffset),
    physicalOffset: Long.fromString(fields.commitLogOffset),
    sysFlag: message.sysFlag,
    bornTimestamp: Number(fields.bornTimestamp),
    bornHost: hostOf(fields.bornHost),
    storeTimestamp: Number(fields.storeTimestamp),
    storeHost: hostOf(fields.storeHost),
    reconsumeTimes: fields.reconsumeTimes,
    preparedTransactionOffset: Long.fromString(fields.preparedTransactionOffset),
    storedBody: compressionOf(message.sysFlag) === 'none' ? Buffer.from(fields.body ?? '', 'hex') : message.storedBody,
    propertiesText: text,
  })
  expect(written.toString('hex')).toBe(hex)
}

const checkMembers = (containers: readonly StoredMessage[], expected: readonly Decoded[]): void => {
  const members = containers.flatMap(container => unwrapInnerBatch(container))
  // Java leaves the offset id of a member out; ours is the container's, which is where the member is stored
  const container = containers[0]
  const offsetMsgId = container === undefined ? null : encodeOffsetId(container.storeHost, container.physicalOffset)
  expect(members.map(decodedOf)).toEqual(expected.map(member => ({ ...comparable(member), offsetMsgId })))
}

const checkStoredBatch = (vector: Vector): void => {
  checkStored(vector)
  const { expect: expected, requestBody = '', responseMsgId } = vector as StoredVector
  const sent = decodeBatchBody(Buffer.from(requestBody, 'hex'))
  expect(sent.map(({ flag, body }) => ({ flag, body: body.toString('hex') }))).toEqual(
    expected.map(({ flag, body }) => ({ flag, body: body ?? '' })),
  )
  expect(
    expected
      .map(({ storeHost, commitLogOffset }) => encodeOffsetId(hostOf(storeHost), Long.fromString(commitLogOffset)))
      .join(','),
  ).toBe(responseMsgId)
}

const LYING_SIZE = 'a reader that slices by it may reject this instead'

const checkBroken = (vector: Vector): void => {
  const { name, hex, notes, expect: expected } = vector as StoredVector
  const { messages, decoded, failure } = readAll(Buffer.from(hex, 'hex'))
  expect(messages).toHaveLength(decoded.length)
  if (name === 'message/broken/wrong-body-crc') {
    expect(failure).toBeUndefined()
    expect(decoded).toEqual(expected.map(comparable))
  } else if (notes?.endsWith(LYING_SIZE)) {
    // the vector leaves it to the reader; ours does not trust a record that contradicts itself
    expect(failure).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(failure?.message).toMatch(/^stored message 1 at byte 0: it announces/)
    expect(decoded).toEqual([])
  } else {
    expect(failure).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(failure?.message).toContain(`stored message ${expected.length + 1} at byte ${190 * expected.length}:`)
    expect(decoded).toEqual(expected.map(comparable))
  }
}

export const handlers: Handlers = {
  'message/encoded': checkStored,
  'message/stored': checkStored,
  'message/inner-batch': checkStored,
  'message/batch': checkStoredBatch,
  'message/broken': checkBroken,
}
