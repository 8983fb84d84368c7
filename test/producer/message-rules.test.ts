import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codecs, estimateSize, message, topic, validateMessage } from '../../src/index.ts'
import type { MessageOptions, Outbound, ProducerOptions } from '../../src/index.ts'
import { resolveProducerOptions } from '../../src/producer/options.ts'
import { outgoingProperties } from '../../src/producer/outgoing-properties.ts'
import { PROPERTY, RESERVED_PROPERTIES } from '../../src/protocol/messages/properties.ts'
import { thrownBy } from '../support/failure.ts'

const text = topic('t', codecs.text)
const to = (name: string): Outbound<string> => message(topic(name, codecs.text), 'x')
const saying = (options: MessageOptions): Outbound<string> => message(text, 'x', options)
const withBody = (bytes: number): Outbound<Uint8Array> => message(topic('t'), Buffer.alloc(bytes, 'x'))
/** A property whose text with all others has this many bytes. */
const withProperties = (bytes: number): Outbound<string> => {
  const others = 'UNIQ_KEY'.length + 32 + 'WAIT'.length + 'true'.length + 'p'.length + 3 * 2
  return saying({ properties: { p: 'x'.repeat(bytes - others) } })
}

/** What brokers would refuse is refused before anything is sent, by Java's rules; what they take passes. */
const PASSING: readonly (readonly [string, Outbound<never>])[] = [
  ['a topic of every allowed character', to('azAZ09%|_-')],
  ['a topic of one character', to('t')],
  ['a topic of 127 characters', to('t'.repeat(127))],
  ['the retry topic of a group', to('%RETRY%group')],
  ['the topic of traces', to('RMQ_SYS_TRACE_TOPIC')],
  ['a body of one byte', withBody(1)],
  ['a body of 4 MiB', withBody(4_194_304)],
  ['properties of 32,511 bytes, with which those of the broker are 32,767', withProperties(32_511)],
  ['a property that is free for users', saying({ properties: { INNER_NUM: '1', TRACE_CONTEXT: 'x' } })],
  ['a property of one byte', saying({ properties: { p: 'x' } })],
  ['a tag with a blank inside', saying({ tag: 'a b' })],
  ['several keys', saying({ keys: ['a', 'b'] })],
  ['a sharding key with anything in it', saying({ shardKey: ' a || b ' })],
  ['delay level 1', saying({ delayLevel: 1 })],
  ['delay level 18 in its other place', saying({ deliver: { level: 18 } })],
  ['no delay at all', saying({ deliver: { afterMs: 0 } })],
  ['a delay of years: how far away is for the broker to say', saying({ deliver: { afterMs: 1e11 } })],
  ['a time that has passed', saying({ deliver: { at: 0 } })],
  ['a date', saying({ deliver: { at: new Date(1_700_000_000_000) } })],
  ['a buyer and an instance', saying({ buyerId: 'b', instanceId: 'i' })],
] as unknown as (readonly [string, Outbound<never>])[]

const ILLEGAL = 'ERR_RMQ_ILLEGAL'
const TOO_LARGE = 'ERR_RMQ_TOO_LARGE'
const REFUSED: readonly (readonly [string, string, Outbound<never>, string])[] = [
  ['no topic', ILLEGAL, to(''), 'must not be blank'],
  ['a blank topic', ILLEGAL, to('\t '), 'must not be blank'],
  ['a topic of 128 characters', ILLEGAL, to('t'.repeat(128)), 'at most 127 characters, not 128'],
  ...Array.from('*/:?<>".,+#@ äß東', character => [
    `a topic with ${character}`,
    ILLEGAL,
    to(`a${character}b`),
    'letters, digits, %, |, _ and - are allowed',
  ]),
  ...[
    'SCHEDULE_TOPIC_XXXX',
    'RMQ_SYS_TRANS_HALF_TOPIC',
    'RMQ_SYS_TRANS_OP_HALF_TOPIC',
    'TRANS_CHECK_MAX_TIME_TOPIC',
    'SELF_TEST_TOPIC',
    'OFFSET_MOVED_EVENT',
  ].map(name => [`the topic ${name}`, ILLEGAL, to(name), 'belongs to the broker']),
  ['an empty body', ILLEGAL, withBody(0), 'is empty'],
  ['a body of 4 MiB and one byte', TOO_LARGE, withBody(4_194_305), 'has 4194305 bytes, the limit is 4194304'],
  ['properties of 32,512 bytes', TOO_LARGE, withProperties(32_512), 'has 32512 bytes, the limit is 32511'],
  ...[...RESERVED_PROPERTIES, 'SHARDING_KEY'].map(name => [
    `the property ${name}`,
    ILLEGAL,
    saying({ properties: { [name]: 'x' } }),
    `property "${name}" belongs to RocketMQ`,
  ]),
  ['a property without a name', ILLEGAL, saying({ properties: { '': 'x' } }), 'no name'],
  ['a separator in a property', ILLEGAL, saying({ properties: { p: '\u0002' } }), 'property "p" contains U+0001'],
  ['a separator in a name', ILLEGAL, saying({ properties: { 'p\u0001': 'x' } }), 'the name of a property contains'],
  ['a separator in a buyer', ILLEGAL, saying({ buyerId: '\u0001' }), 'buyerId contains'],
  ['a separator in an instance', ILLEGAL, saying({ instanceId: '\u0002' }), 'instanceId contains'],
  ['a buyer that is no text', ILLEGAL, saying({ buyerId: 5 as unknown as string }), 'buyerId is not a string'],
  ['two tags', ILLEGAL, saying({ tag: 'a||b' }), 'contains ||'],
  ['a tag with outer blanks', ILLEGAL, saying({ tag: 'a ' }), 'outer blanks'],
  ['a key with a blank', ILLEGAL, saying({ keys: ['a b'] }), 'contains a blank'],
  ['an empty key', ILLEGAL, saying({ keys: [''] }), 'is empty'],
  ['keys that are no list', ILLEGAL, saying({ keys: 'a' as unknown as string[] }), 'not a list'],
  ['delay level 0', ILLEGAL, saying({ delayLevel: 0 }), 'delayLevel is 0: expected a whole number from 1 to 18'],
  ['delay level 19', ILLEGAL, saying({ deliver: { level: 19 } }), 'deliver.level is 19'],
  ['a level and a level', ILLEGAL, saying({ delayLevel: 1, deliver: { level: 1 } }), 'exclude each other'],
  ['a level and a time', ILLEGAL, saying({ delayLevel: 1, deliver: { afterMs: 1 } }), 'exclude each other'],
  ['two times', ILLEGAL, saying({ deliver: { afterMs: 1, at: 5 } }), 'more than one time'],
  ['a time and a level', ILLEGAL, saying({ deliver: { at: 5, level: 1 } }), 'more than one time'],
  ['no time', ILLEGAL, saying({ deliver: {} as { afterMs: number } }), 'names no time'],
  ['a misspelt time', ILLEGAL, saying({ deliver: { after: 5 } as unknown as { at: number } }), 'names no time'],
  ['a negative delay', ILLEGAL, saying({ deliver: { afterMs: -1 } }), 'deliver.afterMs is -1'],
  ['half a millisecond', ILLEGAL, saying({ deliver: { afterMs: 0.5 } }), 'deliver.afterMs is 0.5'],
  ['an endless delay', ILLEGAL, saying({ deliver: { afterMs: Infinity } }), 'deliver.afterMs is Infinity'],
  ['a date that is none', ILLEGAL, saying({ deliver: { at: new Date('soon') } }), 'deliver.at is NaN'],
  ['a time as text', ILLEGAL, saying({ deliver: { at: '5' as unknown as number } }), 'deliver.at is 5'],
] as unknown as (readonly [string, string, Outbound<never>, string])[]

describe('a message', () => {
  it.each(PASSING)('may have %s', (_, sent) => {
    validateMessage(sent)
  })

  it.each(REFUSED)('is refused for %s with %s, and names its topic', (_, code, sent, says) => {
    const error = thrownBy(() => validateMessage(sent))
    expect(error).toMatchObject({ code, sent: 'no', retriable: false, topic: sent.topic.name })
    expect(error.message).toContain(says)
  })

  it('may be as large as its producer allows', () => {
    validateMessage(withBody(10), { maxMessageBytes: 10 })
    expect(thrownBy(() => validateMessage(withBody(11), { maxMessageBytes: 10 })).code).toBe(TOO_LARGE)
    expect(thrownBy(() => validateMessage(withBody(1), { maxMessageBytes: 0 })).code).toBe(ILLEGAL)
  })

  it.each<[string, MessageOptions, Record<string, string>]>([
    ['so many ms after it was stored', { deliver: { afterMs: 1_500 } }, { TIMER_DELAY_MS: '1500' }],
    ['at a date', { deliver: { at: new Date(1_700_000_000_123) } }, { TIMER_DELIVER_MS: '1700000000123' }],
    ['at a time', { deliver: { at: 1_700_000_000_123 } }, { TIMER_DELIVER_MS: '1700000000123' }],
    ['after a level', { deliver: { level: 3 } }, { DELAY: '3' }],
    ['for a buyer', { buyerId: 'b-1' }, { BUYER_ID: 'b-1' }],
    ['of an instance', { instanceId: 'MQ_INST_1' }, { INSTANCE_ID: 'MQ_INST_1' }],
    ['of nobody in particular', { buyerId: '', instanceId: '' }, {}],
  ])('%s says so in one property', (_, options, properties) => {
    const all = { ...outgoingProperties(options, 'the id', undefined) }
    expect(all).toEqual({ UNIQ_KEY: 'the id', WAIT: 'true', ...properties })
  })

  it('that is sent the plain way does not name its producer group: that is for transactions', () => {
    expect(outgoingProperties({}, 'the id', undefined)).not.toHaveProperty(PROPERTY.PRODUCER_GROUP)
  })

  it('never says more than one time of delivery, whatever it is told', () => {
    const option = fc.option(fc.integer({ min: -1, max: 20 }), { nil: undefined })
    const deliver = fc.record({ afterMs: option, at: option, level: option }, { requiredKeys: [] })
    fc.assert(
      fc.property(option, fc.option(deliver, { nil: undefined }), (delayLevel, times) => {
        let names: readonly string[]
        try {
          const options = { delayLevel, deliver: times } as MessageOptions
          names = Object.keys(outgoingProperties(options, 'the id', undefined)).filter(name => /DELAY|TIMER/.test(name))
        } catch (error) {
          expect(error).toMatchObject({ code: ILLEGAL })
          return
        }
        const told = [delayLevel, times?.afterMs, times?.at, times?.level].filter(time => time !== undefined)
        expect(names.length).toBe(told.length)
        expect(names.length).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('the size of a message', () => {
  it('is that of its topic, its body, its flag and its properties, counted in bytes', () => {
    const plain = estimateSize(message(text, 'x'))
    expect(plain).toBe('t'.length + 'x'.length + 4 + 'UNIQ_KEY'.length + 32 + 2 + 'WAITtrue'.length + 2)
    expect(estimateSize(message(text, 'ü'.repeat(10)))).toBe(plain + 19)
    expect(estimateSize(message(text, 'x', { tag: 'new' }))).toBe(plain + 'TAGSnew'.length + 2)
    expect(estimateSize(message(text, 'x', { keys: ['a', 'b'] }))).toBe(plain + 'KEYSa b'.length + 2)
    expect(estimateSize(message(text, 'x', { properties: { ключ: 'я' } }))).toBe(plain + 8 + 2 + 2)
  })

  it('is that before compression, and is not told of a message that is refused', () => {
    expect(estimateSize(withBody(100_000))).toBeGreaterThan(100_000)
    expect(thrownBy(() => estimateSize(withBody(0))).code).toBe(ILLEGAL)
  })
})

describe('a producer group', () => {
  it.each(['g', 'azAZ09%|_-', 'g'.repeat(255)])('may be %s', group => {
    expect(resolveProducerOptions({ group }).group).toBe(group)
  })

  it.each<[string, ProducerOptions, string]>([
    ['blank', { group: ' ' }, 'must not be blank'],
    ['of 256 characters', { group: 'g'.repeat(256) }, 'at most 255 characters'],
    ['with a foreign character', { group: 'a.b' }, 'contains "."'],
    ['the one that Java reserves', { group: 'DEFAULT_PRODUCER' }, 'reserved'],
  ])('is refused when it is %s', (_, options, says) => {
    const error = thrownBy(() => resolveProducerOptions(options))
    expect([error.code, error.message]).toEqual([ILLEGAL, expect.stringContaining(says)])
  })
})
