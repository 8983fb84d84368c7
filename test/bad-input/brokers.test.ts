import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import type { Client, Producer } from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType } from '../support/quiet-client.ts'
import { RUDE, startRawServer } from '../support/raw-server.ts'

const SEND = 310
const PULL = 11
const texts = topic('texts', codecs.text)

let cluster: EmbeddedCluster
let client: Client
let producer: Producer
let broker: string
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ topics: { texts: 1 }, autoCreateTopics: false })
  broker = cluster.brokers[0]!
  client = createClient({ nameServers: cluster.nameServers, logger: false, timing: { routeRetryMs: 100 } })
  producer = client.producer({ retries: 0, timeoutMs: 10_000 })
  await producer.send(message(texts, 'warm'))
})
afterEach(() => cluster.faults.clear())
afterAll(async () => {
  await client.close()
  await cluster.stop()
})
/** The point of every test here: the failure stays alone. */
const goesOn = async (): Promise<void> => {
  cluster.faults.clear()
  await expect
    .poll(() => producer.sendOutcome(message(texts, 'next')))
    .toMatchObject({ ok: true, result: { status: 'ok' } })
}

it('a topic that does not exist and is not created: ROUTE_NOT_FOUND, by name', async () => {
  const unknown = topic('nobody_made_me', codecs.text)
  const error = await failureOf(producer.send(message(unknown, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_ROUTE_NOT_FOUND', sent: 'no', retriable: false, topic: unknown.name })
  expect(error.message).toContain(unknown.name)
  expect(error.advice).toContain('create the topic')
  await goesOn()
  cluster.createTopic(unknown.name, { queues: 1 })
  await expect.poll(() => producer.sendOutcome(message(unknown, 'x')), { timeout: 20_000 }).toMatchObject({ ok: true })
})

describe('a broker that dies in the middle of a send', () => {
  it('hanging up: CONNECT, which may have been stored', async () => {
    cluster.faults.closeOn(SEND, 1)
    const error = await failureOf(producer.send(message(texts, 'x')))
    expect(error).toMatchObject({
      code: 'ERR_RMQ_CONNECT',
      sent: 'maybe',
      retriable: true,
      endpoint: broker,
      topic: 'texts',
    })
    expect(error.queue).toBe('texts@broker-a:0')
    expect(error.attempts).toMatchObject([{ endpoint: broker, code: 'ERR_RMQ_CONNECT', sent: 'maybe' }])
    expect(error.message).toContain(broker)
    expect(error.advice).toContain('may')
    await goesOn()
  })

  it('losing its answer: TIMEOUT, which may have been stored', async () => {
    cluster.faults.dropReplies(SEND, 1)
    const before = cluster.peek('texts').length
    const error = await failureOf(producer.send(message(texts, 'stored'), { timeoutMs: 200 }))
    expect(error).toMatchObject({
      code: 'ERR_RMQ_TIMEOUT',
      sent: 'maybe',
      retriable: true,
      endpoint: broker,
      topic: 'texts',
    })
    expect(error.message).toMatch(/within \d+ ms/)
    expect(error.advice).toContain('may')
    expect(cluster.peek('texts')).toHaveLength(before + 1) // it was
    await goesOn()
  })

  it('answering rubbish: PROTOCOL, which may have been stored, and the connection is replaced', async () => {
    const events = eventsOf(client)
    cluster.faults.garble(SEND, 1)
    const error = await failureOf(producer.send(message(texts, 'x')))
    expect(error).toMatchObject({ code: 'ERR_RMQ_PROTOCOL', sent: 'maybe', endpoint: broker, topic: 'texts' })
    expect(error.advice).toContain('remoting port')
    await goesOn()
    expect(ofType(events, 'connection-state').map(({ state }) => state)).toEqual([
      'disconnected',
      'connecting',
      'connected',
    ])
  })

  it('with other sends on the way: each has its own failure, and all of them go on afterwards', async () => {
    cluster.faults.delayReplies(SEND, 8_000, 20)
    const before = cluster.peek('texts').length
    const sending = Array.from({ length: 20 }, () => producer.sendOutcome(message(texts, 'x')))
    await expect.poll(() => cluster.peek('texts')).toHaveLength(before + 20) // each is carried out, but not answered
    cluster.faults.closeOn(SEND, 1)
    await producer.sendOutcome(message(texts, 'the last straw'))
    for (const outcome of await Promise.all(sending)) {
      expect(outcome).toMatchObject({ ok: false, error: { code: 'ERR_RMQ_CONNECT', sent: 'maybe' } })
    }
    await goesOn()
  })

  it('with repeats allowed nobody notices, except by the number of attempts', async () => {
    const patient = client.producer({ retries: 2 })
    for (let round = 0; round < 3; round++) {
      cluster.faults.closeOn(SEND, 1)
      const result = await patient.send(message(texts, 'x')) // repeated on the next connection
      expect([result.status, result.attempts]).toEqual(['ok', 2])
    }
  })

  it("with retry: 'safe' what may have been stored is not repeated", async () => {
    const careful = client.producer({ retries: 2, retry: 'safe' })
    cluster.faults.closeOn(SEND, 1)
    const error = await failureOf(careful.send(message(texts, 'x')))
    expect(error).toMatchObject({ code: 'ERR_RMQ_CONNECT', sent: 'maybe' })
    expect(error.attempts).toHaveLength(1)
    await goesOn()
  })
})

it.each([
  ['SYSTEM_ERROR', 'ERR_RMQ_BROKER', true],
  ['SYSTEM_BUSY', 'ERR_RMQ_BUSY', true],
  ['REQUEST_CODE_NOT_SUPPORTED', 'ERR_RMQ_BROKER', false],
  ['MESSAGE_ILLEGAL', 'ERR_RMQ_ILLEGAL', false],
  ['SERVICE_NOT_AVAILABLE', 'ERR_RMQ_BROKER', true],
  ['NO_PERMISSION', 'ERR_RMQ_AUTH', false],
  ['TOPIC_NOT_EXIST', 'ERR_RMQ_ROUTE_NOT_FOUND', true],
  ['INVALID_PARAMETER', 'ERR_RMQ_ILLEGAL', false],
] as const)(
  'a broker that refuses a send with %s: %s, with its remark, certainly not stored',
  async (name, code, retriable) => {
    cluster.faults.refuse(SEND, RESPONSE[name], 1)
    const before = cluster.peek('texts').length
    const error = await failureOf(producer.send(message(texts, 'x')))
    expect(error).toMatchObject({
      code,
      retriable,
      sent: 'no',
      responseCode: RESPONSE[name],
      endpoint: broker,
      topic: 'texts',
    })
    expect(error.message).toContain(name)
    expect(error.remark).toContain('refused by a fault')
    expect(error.advice).toMatch(/\w/)
    expect(cluster.peek('texts')).toHaveLength(before)
    await goesOn()
  },
)

it('a code that no list knows is told with its number', async () => {
  cluster.faults.refuse(SEND, 31_999, 1)
  const error = await failureOf(producer.send(message(texts, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_BROKER', responseCode: 31_999, sent: 'no' })
  expect(error.message).toContain('31999')
  await goesOn()
})

it('an answer to a send without its fields is told as what it is, and that the message may be stored', async () => {
  const odd = await startRawServer(RUDE['answers success without a body'])
  await using elsewhere = createClient({
    nameServers: cluster.nameServers,
    addressMap: address => (address === broker ? odd.address : address),
    logger: false,
  })
  const error = await failureOf(elsewhere.producer({ retries: 0 }).send(message(texts, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_PROTOCOL', sent: 'maybe', endpoint: odd.address })
  expect(error.message).toMatch(/msgId|queueId/)
  await odd.stop()
})

it('an advertised address that nobody reaches: CONNECT, which names it and says what to check', async () => {
  const gone = await startRawServer(() => undefined)
  await gone.stop()
  await using elsewhere = createClient({
    nameServers: cluster.nameServers,
    addressMap: address => (address === broker ? gone.address : address),
    logger: false,
  })
  const error = await failureOf(elsewhere.producer({ timeoutMs: 400 }).send(message(texts, 'x')))
  expect(error).toMatchObject({ code: 'ERR_RMQ_CONNECT', sent: 'no', retriable: true, endpoint: gone.address })
  expect(error.message).toContain(gone.address)
  expect(error.advice).toContain('brokerIP1')
})

it.each(['closeOn', 'garble', 'refuse'] as const)(
  'a consumer outlives pulls that fail (%s), and goes on',
  async fault => {
    const events = eventsOf(client)
    const consumer = client.consumer({ group: `g_${fault}`, subscribe: [on(texts)] })
    const bodies: string[] = []
    const consuming = consumer.process$(({ message: { body } }) => void bodies.push(body)).subscribe()
    await expect.poll(() => ofType(events, 'start-position').some(({ queue }) => queue.topic === 'texts')).toBe(true)
    if (fault === 'refuse') cluster.faults.refuse(PULL, RESPONSE.SYSTEM_ERROR, 2)
    else cluster.faults[fault](PULL, 2)
    for (const n of [1, 2, 3]) await producer.send(message(texts, `${fault} ${n}`))
    await expect.poll(() => new Set(bodies), { timeout: 20_000 }).toEqual(new Set([1, 2, 3].map(n => `${fault} ${n}`)))
    consuming.unsubscribe()
  },
  30_000,
)
