import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { RocketError } from '../../src/errors.ts'
import { codecs, type Codec } from '../../src/messages/codecs.ts'
import { message, type MessageOptions, type Outbound } from '../../src/messages/message.ts'
import { topic } from '../../src/messages/topic.ts'
import { toOutgoing, type OutgoingOptions } from '../../src/producer/outgoing.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'
import { compressorFor, decompressBody } from '../../src/protocol/compression/compress.ts'

const OPTIONS: OutgoingOptions = {
  maxMessageBytes: 1_000,
  compressAboveBytes: 100,
  compressLevel: 5,
  compressor: compressorFor('zlib'),
}
const text = topic('t', codecs.text)

const outgoing = (sent: Outbound<never> | Outbound<string>, options: Partial<OutgoingOptions> = {}) =>
  toOutgoing(sent, 'the id', 1_000, { ...OPTIONS, ...options })
const withOptions = (options: MessageOptions) => outgoing(message(text, 'x', options))
const propertiesOf = (options: MessageOptions) => ({ ...readProperties(withOptions(options).properties) })

const refused = (code: string, says: string) =>
  expect.objectContaining({ code, sent: 'no', message: expect.stringContaining(says) as string }) as Error

describe('what is sent of a message', () => {
  it('is its topic, its encoded body and its id', () => {
    const sent = outgoing(message(text, 'hello'))
    expect(sent).toMatchObject({
      topic: 't',
      messageId: 'the id',
      sysFlag: 0,
      bornTimestamp: 1_000,
      shardKey: undefined,
    })
    expect(sent.body.toString()).toBe('hello')
  })

  it.each<[string, MessageOptions, Record<string, string>]>([
    ['nothing but the id', {}, {}],
    ['its tag', { tag: 'new' }, { TAGS: 'new' }],
    ['its keys, joined by a blank', { keys: ['a', 'b'] }, { KEYS: 'a b' }],
    [
      'its sharding key, for servers and for the Go client',
      { shardKey: 's' },
      { __SHARDINGKEY: 's', SHARDING_KEY: 's' },
    ],
    ['its delay level', { delayLevel: 18 }, { DELAY: '18' }],
    ['that it waits for no replica', { waitForStore: false }, { WAIT: 'false' }],
    [
      'properties of the user',
      { properties: { color: 'red', 'with blank': ' ' } },
      { color: 'red', 'with blank': ' ' },
    ],
    ['no empty property: the protocol has none', { properties: { color: '' } }, {}],
    ['no empty tag, no empty keys, no empty sharding key', { tag: '', keys: [], shardKey: '' }, {}],
  ])('are, as properties, %s', (_, options, properties) => {
    expect(propertiesOf(options)).toEqual({ UNIQ_KEY: 'the id', WAIT: 'true', ...properties })
  })

  it('is compressed from a size on, as Java compresses', () => {
    const short = outgoing(message(text, 'x'.repeat(99)))
    const long = outgoing(message(text, 'x'.repeat(100)))
    expect([short.sysFlag, short.body.length]).toEqual([0, 99])
    expect(long.sysFlag).toBe(0x301)
    expect(inflateSync(long.body).toString()).toBe('x'.repeat(100))
    expect(decompressBody(long.body, long.sysFlag, 1_000).toString()).toBe('x'.repeat(100))
  })

  it('is never compressed where that is told', () => {
    expect(outgoing(message(text, 'x'.repeat(500)), { compressAboveBytes: Infinity }).sysFlag).toBe(0)
  })

  it('is taken from the body as it is, without a copy', () => {
    const whole = new Uint8Array([1, 2, 3, 4, 5])
    const { body } = outgoing(message(topic('t'), whole.subarray(1, 3)) as unknown as Outbound<string>)
    expect([...body]).toEqual([2, 3])
    expect(body.buffer).toBe(whole.buffer)
  })

  it('leaves the message of the caller as it was', () => {
    const options = { properties: Object.freeze({ color: 'red' }), keys: Object.freeze(['a']) }
    const sent = Object.freeze(message(text, 'x', options))
    expect(() => outgoing(sent)).not.toThrow()
    expect(sent).toEqual({ topic: text, body: 'x', properties: { color: 'red' }, keys: ['a'] })
  })
})

describe('a message is refused before anything is sent', () => {
  it.each([
    ['a blank topic', topic(' ', codecs.text), 'a topic must not be blank'],
    ['a topic with a foreign character', topic('a/b', codecs.text), 'topic "a/b" contains "/"'],
    ['a topic that is too long', topic('x'.repeat(128), codecs.text), 'at most 127 characters'],
    ['a topic of the broker itself', topic('SCHEDULE_TOPIC_XXXX', codecs.text), 'belongs to the broker'],
  ])('for %s', (_, to, says) => {
    expect(() => outgoing(message(to, 'x'))).toThrow(refused('ERR_RMQ_ILLEGAL', says))
  })

  it.each<[string, MessageOptions, string]>([
    ['a property that has a field of its own', { properties: { KEYS: 'x' } }, 'property "KEYS" belongs to RocketMQ'],
    ['a property under the other name of the sharding key', { properties: { SHARDING_KEY: 'x' } }, 'SHARDING_KEY'],
    [
      'a property with a separator in its value',
      { properties: { color: 'a\u0001b' } },
      'property "color" contains U+0001',
    ],
    ['a property with a separator in its name', { properties: { 'a\u0002KEYS\u0001b': 'x' } }, 'U+0002'],
    ['a property without a name', { properties: { '': 'x' } }, 'property'],
    ['a property that is no text', { properties: { n: 5 as unknown as string } }, 'property "n" is not a string'],
    ['a tag that is an expression', { tag: 'a || b' }, 'tag "a || b" contains ||'],
    ['a tag with outer blanks', { tag: ' a' }, 'outer blanks'],
    ['a tag with a separator', { tag: 'a\u0002' }, 'tag contains'],
    ['an empty key', { keys: ['a', ''] }, 'key "" is empty'],
    ['a key with a blank', { keys: ['a b'] }, 'key "a b" is empty or contains a blank'],
    ['a sharding key with a separator', { shardKey: '\u0001' }, 'shardKey contains'],
    ['delay level 0', { delayLevel: 0 }, 'delayLevel is 0'],
    ['delay level 19', { delayLevel: 19 }, 'delayLevel is 19'],
    ['half a delay level', { delayLevel: 1.5 }, 'delayLevel is 1.5'],
  ])('for %s', (_, options, says) => {
    expect(() => withOptions(options)).toThrow(refused('ERR_RMQ_ILLEGAL', says))
  })

  it('for an empty body', () => {
    expect(() => outgoing(message(text, ''))).toThrow(
      refused('ERR_RMQ_ILLEGAL', 'the body of a message to "t" is empty'),
    )
  })

  it('for a body that is too large, before compression, and shows only its size', () => {
    expect(() => outgoing(message(text, 'x'.repeat(1_001)))).toThrow(
      refused('ERR_RMQ_TOO_LARGE', 'the body of a message to "t" has 1001 bytes, the limit is 1000'),
    )
    expect(() => outgoing(message(text, 'x'.repeat(1_000)))).not.toThrow()
  })

  it('for properties that leave no room for what the broker adds', () => {
    const properties = (length: number) => ({ properties: { p: 'x'.repeat(length) } })
    expect(() => withOptions(properties(32_400))).not.toThrow()
    expect(() => withOptions(properties(32_600))).toThrow(
      refused('ERR_RMQ_TOO_LARGE', 'the properties of a message to "t"'),
    )
  })

  it('for properties that have too many bytes, though not too many characters', () => {
    expect(() => withOptions({ properties: { p: 'ü'.repeat(20_000) } })).toThrow(
      refused('ERR_RMQ_TOO_LARGE', 'properties'),
    )
  })

  it('when its codec fails, with that as the cause, and nothing of the body shown', () => {
    const failing: Codec<string> = {
      name: 'failing',
      encode: () => {
        throw new TypeError('unsupported type')
      },
      decode: () => '',
    }
    expect(() => outgoing(message(topic('t', failing), 'card 4111'))).toThrow(
      expect.objectContaining({
        code: 'ERR_RMQ_ENCODE',
        topic: 't',
        message: 'cannot encode a message to "t": unsupported type',
      }),
    )
  })

  it('with the error of its codec itself, if that is one of ours', () => {
    const own = new RocketError('ERR_RMQ_AUTH', 'no key')
    const failing: Codec<string> = {
      name: 'own',
      encode: () => {
        throw own
      },
      decode: () => '',
    }
    expect(() => outgoing(message(topic('t', failing), 'x'))).toThrow(
      expect.objectContaining({ code: 'ERR_RMQ_AUTH', message: 'no key' }),
    )
  })

  it('when its codec gives no bytes', () => {
    const wrong: Codec<string> = { name: 'wrong', encode: value => value as unknown as Uint8Array, decode: () => '' }
    expect(() => outgoing(message(topic('t', wrong), 'x'))).toThrow(
      refused('ERR_RMQ_ENCODE', 'codec wrong gave no bytes'),
    )
  })
})
