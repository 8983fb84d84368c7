import Long from 'long'
import { describe, expect, it } from 'vitest'
import { originalTopic, toInbound } from '../../src/client/received.ts'
import { codecs, type Codec } from '../../src/messages/codecs.ts'
import { deflateBody } from '../../src/protocol/compression/compress.ts'
import { readStoredMessages, type StoredMessage } from '../../src/protocol/messages/stored-message.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { aQueue, aStored, STORED_FIELDS, storedBytes, type StoredParts } from '../support/builders.ts'

const read = (stored: StoredMessage, codec: Codec<unknown> = codecs.text, verify = true) =>
  toInbound(stored, aQueue(), 't', codec, verify)
const received = (parts: StoredParts) => read(aStored(parts))

describe('a received message', () => {
  it('tells everything that was said about it', () => {
    const properties = { TAGS: 'new', KEYS: 'a b', __SHARDINGKEY: 'shard', color: 'red' }
    expect(received({ offset: 5, body: 'hello', properties, reconsumeTimes: 2 })).toMatchObject({
      topic: 't',
      body: 'hello',
      tag: 'new',
      keys: ['a', 'b'],
      shardKey: 'shard',
      messageId: 'id-5',
      queue: aQueue(),
      queueOffset: Long.fromNumber(5),
      bornAt: new Date(1_700_000_000_000),
      storedAt: new Date(1_700_000_000_001),
      bornHost: '127.0.0.1:10911',
      reconsumeTimes: 2,
      properties: expect.objectContaining({ color: 'red' }) as object,
    })
  })

  it('has no tag, no keys and no sharding key where none were given', () => {
    expect(received({})).toMatchObject({ tag: undefined, keys: [], shardKey: undefined })
  })

  it('has the sharding key of clients that write it under the other name', () => {
    expect(received({ properties: { SHARDING_KEY: 'go' } }).shardKey).toBe('go')
    expect(received({ properties: { SHARDING_KEY: 'go', __SHARDINGKEY: 'java' } }).shardKey).toBe('java')
  })

  it('is decompressed', () => {
    const sysFlag = MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB
    expect(received({ storedBody: deflateBody(Buffer.from('hello'.repeat(100))), sysFlag }).body).toBe(
      'hello'.repeat(100),
    )
  })

  it('becomes plain JSON with its offset as text and without its body', () => {
    const json = JSON.parse(JSON.stringify(received({ offset: 5, body: 'secret' }))) as Record<string, unknown>
    expect(json).toMatchObject({ topic: 't', queueOffset: '5', messageId: 'id-5' })
    expect(JSON.stringify(json)).not.toContain('secret')
  })

  it('whose bytes were damaged is refused, and told by its place', () => {
    const bytes = storedBytes({ offset: 5, body: 'hello' })
    bytes[bytes.indexOf('hello')]! ^= 1
    const damaged = readStoredMessages(bytes).messages[0]!
    expect(() => read(damaged)).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_DECODE',
        topic: 't',
        queue: 't@a:0',
        offset: '5',
        message: expect.stringContaining('checksum') as string,
      }),
    )
    expect(read(damaged, codecs.text as Codec<unknown>, false).body).toBe('iello')
  })

  it('without a checksum is not checked', () => {
    const stored = { ...aStoredFields({ body: 'hello' }), bodyCrc: 0 }
    expect(read(stored).body).toBe('hello')
  })

  it('that its codec cannot read is refused', () => {
    expect(() => read(aStored({ body: '{' }), codecs.json())).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_DECODE' }),
    )
  })

  it('that a codec of the user cannot read is refused in the same way, and told by its place', () => {
    const mine: Codec<unknown> = {
      name: 'mine',
      encode: () => Buffer.alloc(0),
      decode: () => {
        throw new TypeError('unknown version')
      },
    }
    expect(() => read(aStored({ offset: 5 }), mine)).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_DECODE',
        topic: 't',
        queue: 't@a:0',
        offset: '5',
        cause: new TypeError('unknown version'),
      }),
    )
  })

  it('keeps no large answer alive for a small body', () => {
    const bytes = Buffer.concat([storedBytes({ body: 'small' }), Buffer.alloc(1 << 20)])
    const stored = readStoredMessages(bytes).messages[0]!
    const body = read(stored, codecs.buffer).body as Buffer
    expect([body.toString(), body.buffer.byteLength <= 65_536]).toEqual(['small', true])
  })
})

/** All fields of a record as a plain object. */
const aStoredFields = (parts: StoredParts): StoredMessage => {
  const stored = aStored(parts)
  return Object.fromEntries(STORED_FIELDS.map(name => [name, stored[name]])) as unknown as StoredMessage
}

describe('the topic that a message was sent to', () => {
  it.each([
    ['orders', {}, 'orders'],
    ['%RETRY%g', { RETRY_TOPIC: 'orders' }, 'orders'],
    ['%RETRY%g', {}, '%RETRY%g'],
    ['%RETRY%other', { RETRY_TOPIC: 'orders' }, '%RETRY%other'],
    ['orders', { RETRY_TOPIC: 'other' }, 'orders'],
  ])('of one from %s with %j is %s', (topic, properties, original) => {
    expect(originalTopic(aStored({ topic, properties }), 'g')).toBe(original)
  })
})
