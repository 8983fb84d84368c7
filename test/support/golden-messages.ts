import Long from 'long'
import { expect } from 'vitest'
import { checkBatch, decodeBatchBody, encodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import type { BatchCandidate, BatchMember } from '../../src/protocol/messages/client-batch.ts'
import { javaHash, queueIndexByHash, tagCode } from '../../src/protocol/hashes.ts'
import type { HashKey } from '../../src/protocol/hashes.ts'
import { ipFromBytes, ipToBytes } from '../../src/protocol/hosts.ts'
import type { Host } from '../../src/protocol/hosts.ts'
import {
  createUniqueIds,
  decodeOffsetId,
  encodeOffsetId,
  monthStart,
  nextMonthStart,
} from '../../src/protocol/messages/message-id.ts'
import { deleteProperty, readProperties, writeProperties } from '../../src/protocol/messages/properties.ts'
import { handlers as names } from './golden-names.ts'
import { handlers as stored } from './golden-stored.ts'
import type { Handlers, Vector } from './golden.ts'
import { inTimeZone } from './time-zone.ts'

const ILLEGAL = expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }) as unknown

type Text = Readonly<Record<string, string>>

interface MemberVector {
  readonly flag: number
  readonly body: string
  readonly properties: Text
}

interface BatchVector extends Vector {
  readonly input: readonly MemberVector[]
  readonly hex: string
  readonly expect: readonly MemberVector[]
}

const memberOf = ({ flag, body, properties }: MemberVector): BatchMember => ({
  flag,
  body: Buffer.from(body, 'hex'),
  properties,
})

const plain = ({ flag, body, properties }: BatchMember): MemberVector => ({
  flag,
  body: body.toString('hex'),
  properties: { ...properties },
})

const checkBatchBody = (vector: Vector): void => {
  const { name, input, hex, expect: expected } = vector as BatchVector
  const encoded = encodeBatchBody(input.map(memberOf))
  expect(decodeBatchBody(Buffer.from(hex, 'hex')).map(plain)).toEqual(expected)
  expect(decodeBatchBody(encoded).map(plain)).toEqual(expected)
  // the order of properties is free, and 4.9.4 leaves the last separator out
  const oneOrder = input.every(({ properties }) => Object.keys(properties).length <= 1)
  if (oneOrder && !name.endsWith('@4.9.4')) expect(encoded.toString('hex')).toBe(hex)
}

const RULES: Readonly<Record<string, readonly BatchCandidate[]>> = {
  'delay-level': [{ topic: 'TopicTest', properties: { DELAY: '3' } }],
  'retry-topic': [{ topic: '%RETRY%cg', properties: {} }],
  'two-topics': [
    { topic: 'TopicTest', properties: {} },
    { topic: 'Other', properties: {} },
  ],
  'wait-differs': [
    { topic: 'TopicTest', properties: { WAIT: 'true' } },
    { topic: 'TopicTest', properties: { WAIT: 'false' } },
  ],
  'empty-list': [],
}

const checkBatchRule = ({ name, expect: expected }: Vector): void => {
  const messages = RULES[name.replace('batch/rule/', '')]
  if (messages === undefined) throw new Error(`the rule of ${name} is not known here`)
  expect(expected).toMatchObject({ rejected: true })
  expect(() => checkBatch(messages)).toThrow(ILLEGAL)
}

const checkWrittenProperties = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: Text | null
    expect: { text: string; utf8: string; parsedBack: Text }
  }
  const text = writeProperties(input ?? {})
  expect(text).toBe(expected.text)
  expect(Buffer.from(text).toString('hex')).toBe(expected.utf8)
  expect({ ...readProperties(text) }).toEqual(expected.parsedBack)
}

const checkReadProperties = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string | null; expect: Text }
  expect({ ...readProperties(input ?? '') }).toEqual(expected)
}

const checkDeletedProperty = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { text: string; name: string }
    expect: { value: string }
  }
  expect(deleteProperty(input.text, input.name)).toBe(expected.value)
}

interface Place {
  readonly ipHex: string
  readonly port: number
  readonly offset: string
}

const placeOf = ({ host, physicalOffset }: { host: Host; physicalOffset: Long }): Place => ({
  ipHex: ipToBytes(host.address).toString('hex'),
  port: host.port,
  offset: physicalOffset.toString(),
})

const checkOffsetId = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: Place & { ip: string }
    expect: { id: string; decoded: Place }
  }
  expect(ipToBytes(input.ip).toString('hex')).toBe(input.ipHex)
  expect(ipFromBytes(Buffer.from(input.ipHex, 'hex'))).toBe(input.ip)
  expect(encodeOffsetId({ address: input.ip, port: input.port }, Long.fromString(input.offset))).toBe(expected.id)
  expect(placeOf(decodeOffsetId(expected.id))).toEqual(expected.decoded)
}

const checkDecodedOffsetId = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: { value: Place } | { error: string } }
  if ('error' in expected) expect(() => decodeOffsetId(input)).toThrow(ILLEGAL)
  else expect(placeOf(decodeOffsetId(input))).toEqual(expected.value)
}

const checkUniqueKey = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { ip: string; pid: number; loader: number; msSinceMonthStart: string; counter: number }
    expect: { id: string }
  }
  // a month of 31 days in which no zone changes its clock
  const start = monthStart(Date.UTC(2025, 0, 15))
  let nowMs = start
  const next = createUniqueIds({ ip: input.ip, pid: input.pid, random32: input.loader, now: () => nowMs })
  nowMs += Number(input.msSinceMonthStart)
  for (let i = 0; i < input.counter; i++) next()
  expect(next()).toBe(expected.id)
}

const checkMonthStart = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { timeZone: string; now: string }
    expect: { monthStart: string; nextMonthStart: string }
  }
  inTimeZone(input.timeZone, () => {
    expect(monthStart(Number(input.now))).toBe(Number(expected.monthStart))
    expect(nextMonthStart(Number(input.now))).toBe(Number(expected.nextMonthStart))
  })
}

const checkTagHash = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & { input: string; expect: { hash: number; tagsCode: string } }
  expect(javaHash(input)).toBe(expected.hash)
  expect(tagCode(input)).toBe(Number(expected.tagsCode))
}

const KEYS: Readonly<Record<string, (arg: string) => HashKey>> = {
  string: arg => arg,
  int32: Number,
  int64: arg => Long.fromString(arg),
  boolean: arg => arg === 'true',
}

const checkSelectedQueue = (vector: Vector): void => {
  const { input, expect: expected } = vector as Vector & {
    input: { type: string; arg: string; queues: number }
    expect: { index: number }
  }
  const keyOf = KEYS[input.type]
  if (keyOf === undefined) throw new Error(`keys of type ${input.type} are not known here`)
  expect(queueIndexByHash(keyOf(input.arg), input.queues)).toBe(expected.index)
}

export const handlers: Handlers = {
  ...stored,
  ...names,
  batch: checkBatchBody,
  'batch/rule': checkBatchRule,
  'properties/write': checkWrittenProperties,
  'properties/read': checkReadProperties,
  'properties/delete': checkDeletedProperty,
  'offset-id': checkOffsetId,
  'offset-id/decode': checkDecodedOffsetId,
  'unique-key': checkUniqueKey,
  'unique-key/month-start': checkMonthStart,
  'hash/tag': checkTagHash,
  'hash/select': checkSelectedQueue,
}
