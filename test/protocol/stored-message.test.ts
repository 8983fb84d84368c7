import fc from 'fast-check'
import Long from 'long'
import { describe, expect, it } from 'vitest'
import { isRocketError } from '../../src/errors.ts'
import { encodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { deflateBody } from '../../src/protocol/compression/compress.ts'
import { encodeStoredMessage } from '../../src/protocol/messages/encode-stored-message.ts'
import type { StoredMessageFields } from '../../src/protocol/messages/encode-stored-message.ts'
import {
  messageBody,
  messageId,
  readStoredMessages,
  sysFlagAfterDecoding,
  unwrapInnerBatch,
} from '../../src/protocol/messages/stored-message.ts'
import type { StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'

const FIELDS: StoredMessageFields = {
  queueId: 1,
  flag: 0,
  queueOffset: Long.fromNumber(42),
  physicalOffset: Long.fromNumber(123_456_789),
  sysFlag: 0,
  bornTimestamp: 1_758_273_940_123,
  bornHost: { address: '192.168.1.50', port: 51_234 },
  storeTimestamp: 1_758_273_940_126,
  storeHost: { address: '192.168.1.100', port: 10_911 },
  reconsumeTimes: 0,
  preparedTransactionOffset: Long.ZERO,
  storedBody: Buffer.from('hello'),
  topic: 'orders',
  propertiesText: 'TAGS\u0001TagA\u0002',
}

const encode = (fields: Partial<StoredMessageFields> = {}, version?: 1 | 2): Buffer =>
  encodeStoredMessage({ ...FIELDS, ...fields }, version)

const only = (bytes: Buffer): StoredMessage => {
  const { messages, failure } = readStoredMessages(bytes)
  expect(failure).toBeUndefined()
  expect(messages).toHaveLength(1)
  return messages[0]!
}

const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(value => Long.fromString(value.toString()))
const host = fc.record({
  address: fc.constantFrom('10.0.0.1', '255.255.255.255', 'fe80::1', '2001:db8::10'),
  port: fc.integer({ min: 0, max: 65_535 }),
})
const fields = fc.record({
  queueId: fc.integer(),
  flag: fc.integer(),
  queueOffset: int64,
  physicalOffset: int64,
  sysFlag: fc.constantFrom(0, MESSAGE_FLAG.COMPRESSED, MESSAGE_FLAG.TRANSACTION_COMMIT, 0x30, 0x401, 0xc0, 0x301),
  bornTimestamp: fc.maxSafeInteger(),
  bornHost: host,
  storeTimestamp: fc.maxSafeInteger(),
  storeHost: host,
  reconsumeTimes: fc.integer(),
  preparedTransactionOffset: int64,
  storedBody: fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
  topic: fc.string({ unit: 'grapheme', maxLength: 200 }),
  propertiesText: fc.string({ unit: 'grapheme', maxLength: 80 }),
})

const contentOf = (message: StoredMessageFields) => ({
  ...Object.fromEntries(Object.keys(FIELDS).map(name => [name, message[name as keyof StoredMessageFields]])),
  sysFlag: message.sysFlag & ~0x30,
  queueOffset: message.queueOffset.toString(),
  physicalOffset: message.physicalOffset.toString(),
  preparedTransactionOffset: message.preparedTransactionOffset.toString(),
  storedBody: message.storedBody.toString('hex'),
})

/** Reads everything there is to read of a message, and lets only our own errors pass. */
const readEverything = (message: StoredMessage): void => {
  expect(contentOf(message)).toHaveProperty('topic')
  expect(messageId(message)).toBeTypeOf('string')
  expect(message.bodyCrc).toBeTypeOf('number')
  expect(sysFlagAfterDecoding(message) & 1).toBe(0)
  try {
    for (const member of unwrapInnerBatch(message, 10_000)) messageBody(member, 10_000)
    messageBody(message, 10_000)
  } catch (error) {
    if (!isRocketError(error)) throw error
  }
}

describe('a stored message', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 4 }), many => {
        const { messages, failure } = readStoredMessages(Buffer.concat(many.map(each => encodeStoredMessage(each))))
        expect(failure).toBeUndefined()
        expect(messages.map(contentOf)).toEqual(many.map(contentOf))
      }),
    )
  })

  it('says by its hosts, not by the flag it is given, where IPv6 stands', () => {
    expect(only(encode({ sysFlag: 0x30 })).sysFlag).toBe(0)
    expect(only(encode({ bornHost: { address: '::1', port: 1 } })).sysFlag).toBe(MESSAGE_FLAG.BORN_HOST_IPV6)
    expect(only(encode({ storeHost: { address: '::1', port: 1 } })).sysFlag).toBe(MESSAGE_FLAG.STORE_HOST_IPV6)
  })

  it('with a topic of 128 bytes takes the second layout, and the first refuses it', () => {
    const topic = '订'.repeat(42) + 'ab'
    expect(encode({ topic: topic.slice(0, -1) }).readUInt32BE(4)).toBe(0xdaa320a7)
    expect(encode({ topic }).readUInt32BE(4)).toBe(0xdaa320ab)
    expect(only(encode({ topic })).topic).toBe(topic)
    expect(() => encode({ topic }, 1)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_ILLEGAL' }))
  })

  it('has at most 32,767 bytes of properties', () => {
    expect(only(encode({ propertiesText: 'x'.repeat(32_767) })).propertiesText).toHaveLength(32_767)
    expect(() => encode({ propertiesText: 'x'.repeat(32_768) })).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }),
    )
  })

  it('parses its properties once', () => {
    const message = only(encode())
    expect(message.properties).toBe(message.properties)
  })

  it('has a body that is a view of the answer', () => {
    const bytes = encode()
    expect(only(bytes).storedBody.buffer).toBe(bytes.buffer)
  })

  it('that cannot be decompressed does not hide the ones behind it', () => {
    const damaged = encode({ sysFlag: MESSAGE_FLAG.COMPRESSED, storedBody: Buffer.from('no zlib') })
    const { messages, failure } = readStoredMessages(Buffer.concat([damaged, encode()]))
    expect(failure).toBeUndefined()
    expect(() => messageBody(messages[0]!)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_DECODE' }))
    expect(messageBody(messages[1]!).toString()).toBe('hello')
  })

  it('is decompressed within the limit', () => {
    const body = Buffer.alloc(100_000, 'z')
    const sysFlag = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB
    const message = only(encode({ sysFlag, storedBody: deflateBody(body) }))
    expect(messageBody(message).equals(body)).toBe(true)
    expect(() => messageBody(message, 99_999)).toThrow(expect.objectContaining({ code: 'ERR_RMQ_TOO_LARGE' }))
    expect(sysFlagAfterDecoding(message)).toBe(MESSAGE_FLAG.COMPRESSION_ZLIB)
  })
})

describe('an inner batch', () => {
  const members = [
    { flag: 1, body: Buffer.from('one'), properties: { TAGS: 'a' } },
    { flag: 2, body: Buffer.from('two'), properties: { TAGS: 'b' } },
  ]
  const sysFlag = MESSAGE_FLAG.NEED_UNWRAP | MESSAGE_FLAG.INNER_BATCH

  it('that is compressed gives members that are not', () => {
    const storedBody = deflateBody(encodeBatchBody(members))
    const container = only(encode({ sysFlag: sysFlag | MESSAGE_FLAG.COMPRESSED, storedBody }))
    const unwrapped = unwrapInnerBatch(container)
    expect(unwrapped.map(member => messageBody(member).toString())).toEqual(['one', 'two'])
    expect(unwrapped.map(member => member.queueOffset.toString())).toEqual(['42', '43'])
    expect(unwrapped.map(member => member.properties.TAGS)).toEqual(['a', 'b'])
  })

  it('needs both bits: with one of them the message stays whole', () => {
    for (const bit of [MESSAGE_FLAG.NEED_UNWRAP, MESSAGE_FLAG.INNER_BATCH]) {
      const message = only(encode({ sysFlag: bit, storedBody: encodeBatchBody(members) }))
      expect(unwrapInnerBatch(message)).toEqual([message])
    }
  })
})

describe('reading stored messages', () => {
  const good = encode()

  it('of an empty body gives none', () => {
    expect(readStoredMessages(Buffer.alloc(0))).toEqual({ messages: [] })
  })

  it.each([
    ['an unknown magic', 4, 0xcbd43194 | 0, 'unknown magic 0xcbd43194'],
    ['a size beyond the answer', 0, good.length + 1, `expected at most ${good.length}, which are left`],
    ['a size that is too small', 0, 20, 'it announces 20 bytes: expected at least 91'],
    ['a negative size', 0, -1, 'it announces -1 bytes'],
    ['a size that its parts do not fill', 0, good.length - 1, `expected ${good.length}, as its parts add up`],
    ['a body beyond the record', 84, 50, 'its body has 50 bytes: expected 0 to '],
    ['a negative body', 84, -1, 'its body has -1 bytes: expected 0 to '],
    ['a flag that shifts everything', 36, 0x10, 'its body has '],
  ])('ends at %s, and says where', (_what, at, value, why) => {
    const bad = Buffer.from(good)
    bad.writeInt32BE(value, at)
    const { messages, failure } = readStoredMessages(Buffer.concat([good, bad]))
    expect(messages).toHaveLength(1)
    expect(failure).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(failure?.message).toContain(`stored message 2 at byte ${good.length}: `)
    expect(failure?.message).toContain(why)
  })

  it.each([
    ['topic', 1, 93, -1],
    ['topic', 1, 93, 100],
    ['topic', 2, 93, -1],
  ] as const)('ends at a %s of impossible length: layout %i', (_what, version, at, value) => {
    const bad = encode({}, version)
    if (version === 1) bad.writeInt8(value, at)
    else bad.writeInt16BE(value, at)
    expect(readStoredMessages(bad).failure?.message).toContain(`its topic has ${value} bytes: expected 0 to `)
  })

  it('ends where the answer is cut off, at every byte', () => {
    for (let cut = 1; cut < good.length; cut++) {
      const { messages, failure } = readStoredMessages(Buffer.concat([good, good.subarray(0, cut)]))
      expect(messages).toHaveLength(1)
      expect(failure).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    }
  })

  it('never crashes on damaged bytes, and neither does what is read of them', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 3 }), edits, fc.nat(), (many, changes, cut) => {
        const whole = Buffer.concat(many.map(each => encodeStoredMessage(each)))
        for (const [at, value] of changes) whole[at % whole.length] = value
        const bytes = whole.subarray(0, whole.length - (cut % 8))
        const { messages, failure } = readStoredMessages(bytes)
        messages.forEach(readEverything)
        const read = messages.reduce((sum, message) => sum + message.storeSize, 0)
        expect(failure === undefined).toBe(read === bytes.length)
        if (failure !== undefined) expect(failure).toMatchObject({ code: 'ERR_RMQ_DECODE' })
      }),
      { numRuns: 1000 },
    )
  })
})
