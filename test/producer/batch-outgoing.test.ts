import Long from 'long'
import { describe, expect, it } from 'vitest'
import { codecs } from '../../src/messages/codecs.ts'
import { message, type MessageOptions } from '../../src/messages/message.ts'
import { topic } from '../../src/messages/topic.ts'
import { checkShared, mayShare, memberResults, toBatch } from '../../src/producer/batch-outgoing.ts'
import { toOutgoing, type Outgoing, type OutgoingOptions } from '../../src/producer/outgoing.ts'
import type { SendResult } from '../../src/producer/send-result.ts'
import { decodeBatchBody } from '../../src/protocol/messages/client-batch.ts'
import { compressorFor, decompressBody } from '../../src/protocol/compression/compress.ts'
import { readProperties } from '../../src/protocol/messages/properties.ts'

const PLAIN: OutgoingOptions = {
  maxMessageBytes: 10_000,
  compressAboveBytes: 100,
  compressLevel: 5,
  compressor: undefined,
}
const EACH: OutgoingOptions = { ...PLAIN, compressor: compressorFor('lz4') }
let ids = 0
const member = (body: string, options: MessageOptions = {}, name = 't'): Outgoing =>
  toOutgoing(message(topic(name, codecs.text), body, options), `id ${++ids}`, 1_000, PLAIN)

describe('a message', () => {
  it.each<[boolean, string, Outgoing]>([
    [true, 'nothing special', member('x')],
    [true, 'a tag, keys, a sharding key', member('x', { tag: 't', keys: ['k'], shardKey: 's' })],
    [
      true,
      'a property that only ends like one of those',
      member('x', { properties: { MY_DELAY: '3', XWAIT: 'false' } }),
    ],
    [true, 'a property whose value looks like one', member('x', { properties: { p: 'DELAY' } })],
    [false, 'a delay level', member('x', { delayLevel: 1 })],
    [false, 'a timer', { ...member('x'), properties: 'A\u00011\u0002TIMER_DELIVER_MS\u0001999\u0002' }],
    [false, 'a transaction', { ...member('x'), properties: 'TRAN_MSG\u0001true\u0002' }],
    [false, 'a retry topic', { ...member('x'), topic: '%RETRY%g' }],
  ])('may share a batch: %s, with %s', (expected, _, outgoing) => {
    expect(mayShare(outgoing)).toBe(expected)
  })

  it('shares a batch only with others that wait for the same', () => {
    const hasty = member('x', { waitForStore: false })
    expect(() => checkShared([hasty, hasty])).not.toThrow()
    expect(() => checkShared([member('x'), hasty])).toThrow('must agree on WAIT')
    expect(() => checkShared([member('x'), member('x', { properties: { XWAIT: 'false' } })])).not.toThrow()
  })

  it('may be anything where it is the only one', () => {
    expect(() => checkShared([member('x', { delayLevel: 1 })])).not.toThrow()
  })
})

describe('a batch', () => {
  it('holds its members as they are; of itself it says only what they agree on', () => {
    const members = [
      member('one', { tag: 'a', waitForStore: false }),
      member('two', { keys: ['k'], waitForStore: false }),
    ]
    const batch = toBatch(members, members[0]!, PLAIN)
    expect(batch).toMatchObject({ topic: 't', messageId: members[0]!.messageId, sysFlag: 0, isBatch: true })
    expect({ ...readProperties(batch.properties) }).toEqual({ WAIT: 'false' }) // an id here would become that of all
    const read = decodeBatchBody(batch.body)
    expect(read.map(({ body }) => body.toString())).toEqual(['one', 'two'])
    expect(read.map(({ properties }) => properties['UNIQ_KEY'])).toEqual(members.map(({ messageId }) => messageId))
    expect(read[0]?.properties['TAGS']).toBe('a')
  })

  it('compresses its members one by one if all are large, else none: one flag stands for all', () => {
    const large = [member('x'.repeat(200)), member('y'.repeat(100))]
    const packed = toBatch(large, large[0]!, EACH)
    expect(packed.sysFlag).toBe(0x101)
    const bodies = decodeBatchBody(packed.body).map(({ body }) =>
      decompressBody(body, packed.sysFlag, 1_000).toString(),
    )
    expect(bodies).toEqual(['x'.repeat(200), 'y'.repeat(100)])
    const mixed = [member('x'.repeat(200)), member('y'.repeat(99))]
    expect(toBatch(mixed, mixed[0]!, EACH).sysFlag).toBe(0)
    expect(decodeBatchBody(toBatch(mixed, mixed[0]!, EACH).body)[0]?.body.length).toBe(200)
  })

  const whole = { offsetMessageId: 'A,B,C', queueOffset: Long.fromString('9007199254740993') } as SendResult
  const three = [member('1'), member('2'), member('3')]

  it('tells of each member its own id and offset', () => {
    const results = memberResults(whole, three)
    expect(results.map(({ messageId }) => messageId)).toEqual(three.map(({ messageId }) => messageId))
    expect(results.map(({ offsetMessageId }) => offsetMessageId)).toEqual(['A', 'B', 'C'])
    expect(results.map(({ queueOffset }) => queueOffset.toString())).toEqual([
      '9007199254740993',
      '9007199254740994',
      '9007199254740995',
    ])
  })

  it('that a broker stores as one record has one id for all', () => {
    const results = memberResults({ ...whole, offsetMessageId: 'ONE' }, three)
    expect(results.map(({ offsetMessageId }) => offsetMessageId)).toEqual(['ONE', 'ONE', 'ONE'])
  })
})
