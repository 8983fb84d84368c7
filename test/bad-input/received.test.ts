import { firstValueFrom, timer } from 'rxjs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import type {
  Client,
  Codec,
  ConsumerOptions,
  OnDecodeError,
  RocketError,
  StandardSchema,
  Topic,
} from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { MESSAGE_FLAG } from '../../src/protocol/sys-flags.ts'
import { askOk } from '../cluster/ask.ts'
import { consume, processedCount } from '../support/consuming.ts'
import { eventsOf, ofType } from '../support/quiet-client.ts'
import { readAll } from '../support/stored.ts'
import { replacing, startTamperingProxy } from '../support/tampering-proxy.ts'
import { unique } from '../support/target.ts'

let cluster: EmbeddedCluster
let client: Client
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ delayLevels: Array.from({ length: 18 }, () => '100ms').join(' ') })
  client = createClient({ nameServers: cluster.nameServers, logger: false })
})
afterAll(async () => {
  await client.close()
  await cluster.stop()
})

let name: string
beforeEach(() => {
  name = unique('numbers')
  cluster.createTopic(name, { queues: 1 })
})
/** Bad first, then good: the good one must arrive whatever became of the bad one. */
const sendBadThenGood = async (bad: string): Promise<void> => {
  const producer = client.producer()
  await producer.send(message(topic(name, codecs.text), bad))
  await producer.send(message(topic(name, codecs.text), '{"n":1}'))
}
const consumerOf = <T>(read: Topic<string, T>, options: Partial<ConsumerOptions> = {}, from: Client = client) =>
  from.consumer({ startFrom: 'first', ...options, group: unique('g'), subscribe: [on(read)] })
const deadLettersOf = (group: string) => readAll(client, topic(`%DLQ%${group}`, codecs.text), { atLeast: 1 })

/** Only objects with a number n. */
const schema: StandardSchema<{ readonly n: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => {
      const n = (value as { readonly n?: unknown } | null)?.n
      return typeof n === 'number' ? { value: { n } } : { issues: [{ message: 'n must be a number' }] }
    },
  },
}
const throwing: Codec<unknown> = {
  name: 'throwing',
  encode: () => Buffer.from('x'),
  decode: body => {
    if (Buffer.from(body).toString().startsWith('{')) return body
    throw new RangeError('the codec cannot read it')
  },
}

describe('a message that cannot be decoded', () => {
  it.each([
    ['does not match its schema', codecs.json(schema), '{"n":"one"}', /n must be a number/],
    ['is no JSON', codecs.json(), '{"n":', /not JSON/],
    ['is refused by a codec of the user', throwing, 'unreadable', /the codec cannot read it/],
  ] as readonly (readonly [string, Codec<unknown>, string, RegExp])[])(
    'because it %s goes to the dead letters unseen by the handler; the error tells where it was',
    async (_why, codec, bad, expected) => {
      await sendBadThenGood(bad)
      const consumer = consumerOf(topic(name, codec))
      const failure = firstValueFrom(consumer.failures$)
      const handled: string[] = []
      const got = consume(consumer, ({ queue, message: { queueOffset } }) => {
        handled.push(`${queue.queueId} ${queueOffset.toString()}`)
      })
      await processedCount(got, 2)
      const { where, error, queue, offset } = await failure
      expect([where, queue?.topic, offset]).toEqual(['decode', name, '0'])
      expect(error).toMatchObject({ code: 'ERR_RMQ_DECODE', topic: name, queue: `${name}@broker-a:0`, offset: '0' })
      expect((error as RocketError).message).toMatch(expected)
      expect((error as RocketError).message).not.toContain(bad) // never the payload
      expect((error as RocketError).advice).toContain('onDecodeError')
      expect(got.processed.map(({ settlement }) => settlement).sort()).toEqual(['acked', 'dead-lettered'])
      expect(got.processed.find(({ settlement }) => settlement === 'dead-lettered')!.error).toBe(error)
      expect(handled).toEqual(['0 1'])
      expect(await deadLettersOf(consumer.group)).toMatchObject([{ body: bad }])
      expect(await consumer.close()).toMatchObject({ forced: false, uncommitted: 0 })
    },
  )

  it('goes the way of onDecodeError: acknowledged, or sent back until it has no attempts left', async () => {
    for (const [onDecodeError, settlements] of [
      ['ack', ['acked', 'acked']],
      ['retry-later', ['retry-scheduled', 'acked', 'dead-lettered']],
    ] as const satisfies readonly (readonly [OnDecodeError, readonly string[]])[]) {
      name = unique('numbers')
      cluster.createTopic(name, { queues: 1 })
      await sendBadThenGood('bad')
      const consumer = consumerOf(topic(name, codecs.json(schema)), { onDecodeError, retry: { maxAttempts: 1 } })
      const got = consume(consumer, () => undefined)
      await processedCount(got, settlements.length)
      expect(got.processed.map(({ settlement }) => settlement)).toEqual(settlements)
      if (onDecodeError === 'retry-later') expect(await deadLettersOf(consumer.group)).toMatchObject([{ body: 'bad' }])
    }
  })

  it('because its schema answers later is refused with that reason: a codec is synchronous', async () => {
    await sendBadThenGood('{"n":0}')
    const later: StandardSchema<number> = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.resolve({ value: 1 }) },
    }
    const consumer = consumerOf(topic(name, codecs.json(later)), { onDecodeError: 'ack' })
    const failure = firstValueFrom(consumer.failures$)
    const got = consume(consumer, () => undefined)
    await processedCount(got, 2)
    expect((await failure).error).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(((await failure).error as RocketError).message).toMatch(/asynchronous/)
  })

  it('because it is no UTF-8 does not become text with holes', async () => {
    await client.producer().send(message(topic(name), Buffer.from([0x66, 0xff, 0xfe])))
    const consumer = consumerOf(topic(name, codecs.text))
    const failure = firstValueFrom(consumer.failures$)
    const got = consume(consumer, () => undefined)
    await processedCount(got, 1)
    expect((await failure).error).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(got.processed[0]!.settlement).toBe('dead-lettered')
  })

  it.each([
    ['zlib', MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZLIB, /zlib/i],
    ['lz4', MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_LZ4, /lz4/i],
    ['zstd', MESSAGE_FLAG.COMPRESSED | MESSAGE_FLAG.COMPRESSION_ZSTD, /zstd/i],
  ])('because it says that it is compressed with %s and is not', async (_algorithm, sysFlag, expected) => {
    const ext = { a: 'p', b: name, c: 'TBW102', d: '4', e: '0', f: `${sysFlag}`, g: `${Date.now()}`, h: '0', i: '', j: '0', k: 'false', m: 'false' } // prettier-ignore
    await askOk(cluster.brokers[0]!, 310, { ext, body: 'certainly not compressed' })
    await client.producer().send(message(topic(name, codecs.text), 'good'))
    const consumer = consumerOf(topic(name, codecs.text))
    const failure = firstValueFrom(consumer.failures$)
    const got = consume(consumer, () => undefined)
    await processedCount(got, 2)
    expect((await failure).error).toMatchObject({ code: 'ERR_RMQ_DECODE' })
    expect(((await failure).error as RocketError).message).toMatch(expected)
    expect(got.processed.map(({ settlement }) => settlement).sort()).toEqual(['acked', 'dead-lettered'])
  })
})

describe('a body that was changed on its way', () => {
  const throughProxy = async (use: (tampered: Client) => Promise<void>): Promise<void> => {
    const [broker] = cluster.brokers
    const proxy = await startTamperingProxy(broker!, replacing('pristine', 'tampered'))
    const addressMap = (address: string): string => (address === broker ? proxy.address : address)
    const tampered = createClient({ nameServers: cluster.nameServers, addressMap, logger: false })
    try {
      await use(tampered)
    } finally {
      await tampered.close()
      await proxy.stop()
    }
  }
  const send = async (): Promise<void> => {
    const producer = client.producer()
    for (const body of ['pristine', 'good']) await producer.send(message(topic(name, codecs.text), body))
  }

  it('does not match its checksum and is not handed over', async () => {
    await send()
    await throughProxy(async tampered => {
      const events = eventsOf(tampered)
      const consumer = consumerOf(topic(name, codecs.text), {}, tampered)
      const got = consume(consumer, () => undefined)
      await processedCount(got, 2)
      expect(got.processed.map(({ settlement }) => settlement).sort()).toEqual(['acked', 'dead-lettered'])
      const [failure] = ofType(events, 'consumer-failure')
      expect(failure).toMatchObject({ where: 'decode', offset: '0', error: { code: 'ERR_RMQ_DECODE', topic: name } })
      expect((failure!.error as RocketError).message).toContain('checksum')
      expect(await deadLettersOf(consumer.group)).toMatchObject([{ body: 'pristine' }]) // the broker's copy is sound
    })
  })

  it('is handed over as it is when nobody wants the checksum compared', async () => {
    await send()
    await throughProxy(async tampered => {
      const consumer = consumerOf(topic(name, codecs.text), { verifyBodyCrc: false }, tampered)
      const got = consume(consumer, () => undefined)
      await processedCount(got, 2)
      expect(got.processed.map(({ delivery }) => delivery.message.body).sort()).toEqual(['good', 'tampered'])
    })
  })
})

it('a handler that fails in odd ways fails alone', async () => {
  const producer = client.producer()
  const texts = topic(name, codecs.text)
  const odd: Record<string, () => unknown> = {
    'throws undefined': () => {
      throw undefined // eslint-disable-line @typescript-eslint/only-throw-error -- what users' code may do
    },
    'throws text': () => {
      throw 'text' // eslint-disable-line @typescript-eslint/only-throw-error -- what users' code may do
    },
    'returns a number': () => 5,
    'returns an object that is no stream': () => ({ then: 5 }),
    'rejects with nothing': () => Promise.reject(), // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- what users' code may do
    good: () => undefined,
  }
  for (const body of Object.keys(odd)) await producer.send(message(texts, body))
  const consumer = consumerOf(texts)
  const got = consume(consumer, ({ message: { body } }) => odd[body]!() as undefined, { onError: 'ack' })
  await processedCount(got, Object.keys(odd).length)
  await firstValueFrom(timer(50))
  expect(got.isOver()).toBe(false)
  expect(got.processed.every(({ settlement }) => settlement === 'acked')).toBe(true)
})
