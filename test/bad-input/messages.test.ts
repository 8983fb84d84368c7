import { lastValueFrom, range, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, createClient, message, topic } from '../../src/index.ts'
import type { Client, Codec, MessageOptions, Producer } from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType } from '../support/quiet-client.ts'

const texts = topic('texts', codecs.text)

let cluster: EmbeddedCluster
let client: Client
let producer: Producer
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ topics: { texts: 1 } })
  client = createClient({ nameServers: cluster.nameServers, logger: false })
  producer = client.producer()
  await producer.send(message(texts, 'warm'))
})
afterAll(async () => {
  await client.close()
  await cluster.stop()
})

/** Nothing of it reached a broker, no connection suffered, and the next message of the same producer goes through. */
const staysAlone = async (send: () => Promise<unknown>): Promise<Awaited<ReturnType<typeof failureOf>>> => {
  const events = eventsOf(client)
  const before = cluster.peek('texts').length
  const error = await failureOf(send())
  expect(error).toMatchObject({ sent: 'no', retriable: false, attempts: [] })
  expect(error.advice).toMatch(/\w/)
  expect(cluster.peek('texts')).toHaveLength(before)
  expect((await producer.send(message(texts, 'next'))).status).toBe('ok')
  expect(ofType(events, 'connection-state')).toEqual([])
  return error
}

describe('a topic name that brokers refuse is refused here, by the rule that it breaks', () => {
  it.each([
    ['', /blank/],
    ['   ', /blank/],
    ['with space', /"with space" contains a space/],
    ['ümlaut', /contains "ü"/],
    ['a/b', /contains "\/"/],
    ['a.b', /contains "\."/],
    ['line\nbreak', /contains "\\n"/],
    ['x'.repeat(128), /at most 127 characters, not 128/],
    ['SCHEDULE_TOPIC_XXXX', /SCHEDULE_TOPIC_XXXX.*cannot be sent to/],
    ['RMQ_SYS_TRANS_HALF_TOPIC', /cannot be sent to/],
  ])('%j', async (name, expected) => {
    const error = await staysAlone(() => producer.send(message(topic(name, codecs.text), 'x')))
    expect(error.code).toBe('ERR_RMQ_ILLEGAL')
    expect(error.message).toMatch(expected)
  })
})

describe('what a message says about itself is checked before anything is sent', () => {
  const bad: readonly (readonly [string, MessageOptions, RegExp])[] = [
    ['a tag with an or', { tag: 'a || b' }, /tag "a \|\| b"/],
    ['a tag with outer blanks', { tag: ' a' }, /tag " a"/],
    ['a tag with a separator', { tag: 'a\u0001b' }, /tag contains U\+0001/],
    ['an empty key', { keys: ['a', ''] }, /key ""/],
    ['a key with a blank', { keys: ['two words'] }, /key "two words"/],
    ['a sharding key with a separator', { shardKey: 'a\u0002' }, /shardKey contains/],
    ['a delay level of 0', { delayLevel: 0 }, /delayLevel is 0.*1 to 18/],
    ['a delay level of 19', { delayLevel: 19 }, /delayLevel is 19/],
    ['a delay level that is no number', { delayLevel: NaN }, /delayLevel is NaN/],
    ['a delay level in between', { delayLevel: 1.5 }, /delayLevel is 1.5/],
    ['a reserved property', { properties: { TAGS: 'x' } }, /"TAGS" belongs to RocketMQ/],
    ['another reserved property', { properties: { UNIQ_KEY: 'x' } }, /"UNIQ_KEY" belongs to RocketMQ/],
    ['the delay as a property', { properties: { DELAY: '3' } }, /"DELAY" belongs to RocketMQ/],
    ['the sharding key of others as a property', { properties: { SHARDING_KEY: 'x' } }, /"SHARDING_KEY"/],
    ['a property with a separator in its value', { properties: { name: 'a\u0002b' } }, /property "name" contains/],
    ['a property with a separator in its name', { properties: { 'na\u0001me': 'x' } }, /U\+0001/],
    ['a property without a name', { properties: { '': 'x' } }, /property/],
    [
      'a property that is no text',
      { properties: { count: 5 as unknown as string } },
      /property "count" is not a string/,
    ],
    ['a key that is no text', { keys: [7 as unknown as string] }, /key/],
    ['a tag that is no text', { tag: 7 as unknown as string }, /tag/],
    ['a sharding key that is no text', { shardKey: 7 as unknown as string }, /shardKey is not a string/],
    ['keys that are no list', { keys: 'abc' as unknown as readonly string[] }, /keys/],
  ]
  it.each(bad)('%s', async (_name, options, expected) => {
    const error = await staysAlone(() => producer.send(message(texts, 'x', options)))
    expect(error.code).toBe('ERR_RMQ_ILLEGAL')
    expect(error.message).toMatch(expected)
    expect(error.topic).toBe('texts')
  })

  it('properties that are together too large', async () => {
    const error = await staysAlone(() =>
      producer.send(message(texts, 'x', { properties: { big: 'x'.repeat(33_000) } })),
    )
    expect(error).toMatchObject({ code: 'ERR_RMQ_TOO_LARGE', topic: 'texts' })
    expect(error.message).toMatch(/properties .* has \d+ bytes|properties .* have \d+ bytes/)
    expect(error.message).not.toContain('xxx') // never the payload
  })

  it('names of properties that objects have by themselves are names as any other', async () => {
    const properties = JSON.parse('{ "__proto__": "a", "constructor": "b", "toString": "c" }') as Record<string, string>
    await producer.send(message(texts, 'odd names', { properties }))
    const stored = cluster.peek('texts').at(-1)!
    expect(Object.entries(stored.properties)).toEqual(expect.arrayContaining(Object.entries(properties)))
  })
})

describe('a body that cannot be sent', () => {
  it('an empty one', async () => {
    for (const send of [
      () => producer.send(message(texts, '')),
      () => producer.send(message(topic('texts'), new Uint8Array(0))),
    ]) {
      const error = await staysAlone(send)
      expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', topic: 'texts' })
      expect(error.message).toContain('empty')
    }
  })

  it('one that is too large, by the limit of the producer and by that of the protocol', async () => {
    const error = await staysAlone(() =>
      client.producer({ maxMessageBytes: 100 }).send(message(texts, 'x'.repeat(101))),
    )
    expect(error).toMatchObject({ code: 'ERR_RMQ_TOO_LARGE', topic: 'texts' })
    expect(error.message).toMatch(/101 bytes, the limit is 100/)
    const huge = await staysAlone(() => producer.send(message(texts, 'x'.repeat(4_194_305))))
    expect(huge.message).toMatch(/4194305 bytes, the limit is 4194304/)
  })

  it('one that the broker finds too large although the producer did not', async () => {
    const generous = client.producer({ maxMessageBytes: 8 << 20, compressAboveBytes: Infinity })
    const error = await failureOf(generous.send(message(texts, 'x'.repeat(4_194_305)), { timeoutMs: 10_000 }))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ILLEGAL', sent: 'no', responseCode: 13, topic: 'texts' })
    expect((await producer.send(message(texts, 'next'))).status).toBe('ok')
  })

  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const codecOf = (encode: () => unknown): Codec<unknown> => ({
    name: 'odd',
    encode: encode as () => Uint8Array,
    decode: body => body,
  })
  it.each([
    ['a value without a JSON form', codecs.json(), undefined, /no JSON form/],
    ['a function', codecs.json(), () => 1, /no JSON form/],
    ['a circular value', codecs.json(), circular, /circular/i],
    ['a bigint', codecs.json(), 1n, /BigInt/i],
    ['a codec that throws', codecOf(() => { throw new Error('codec broke') }), 'x', /codec broke/], // prettier-ignore
    ['a codec that throws no error', codecOf(() => { throw 'text' as unknown as Error }), 'x', /cannot encode/], // prettier-ignore
    ['a codec that gives text', codecOf(() => 'text'), 'x', /codec odd gave no bytes/],
    ['a codec that gives a promise', codecOf(() => Promise.resolve(Buffer.from('x'))), 'x', /codec odd gave no bytes/],
    ['a codec that gives nothing', codecOf(() => undefined), 'x', /codec odd gave no bytes/],
    ['raw topics: text instead of bytes', codecs.buffer as Codec<unknown>, 'text', /codec buffer gave no bytes/],
  ] as const)('%s: ENCODE, with the cause', async (_name, codec, body, expected) => {
    const error = await staysAlone(() => producer.send(message(topic('texts', codec), body)))
    expect(error).toMatchObject({ code: 'ERR_RMQ_ENCODE', topic: 'texts' })
    expect(error.message).toMatch(/message to "texts"/)
    expect(error.message).toMatch(expected)
    expect(error.advice).toContain('codec')
  })
})

it('among many sends only the bad ones fail', async () => {
  const outcomes = await lastValueFrom(
    range(0, 300).pipe(
      producer.sendAll(n => message(texts, n % 3 === 0 ? '' : `${n}`), { onError: 'continue', order: 'source' }),
      toArray(),
    ),
  )
  expect(outcomes.map(({ ok }) => ok)).toEqual(Array.from({ length: 300 }, (_, n) => n % 3 !== 0))
})

it('a failing body stays as it was, and a good one is not changed by being sent', async () => {
  const raw = topic('texts')
  const body = Buffer.alloc(5_000, 'a') // would be compressed
  const before = Buffer.from(body)
  const outbound = Object.freeze(message(raw, body, Object.freeze({ tag: 't', properties: Object.freeze({ a: 'b' }) })))
  await producer.send(outbound)
  await producer.send(outbound)
  expect(body.equals(before)).toBe(true)
})
