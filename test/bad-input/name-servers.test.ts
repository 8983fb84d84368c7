import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { failureOf } from '../support/failure.ts'
import { eventsOf, ofType } from '../support/quiet-client.ts'
import { RUDE, startRawServer } from '../support/raw-server.ts'
import type { RawServer } from '../support/raw-server.ts'

const texts = topic('texts', codecs.text)
const timing = { requestTimeoutMs: 1_000, connectTimeoutMs: 1_000, routeRetryMs: 100 }

let cluster: EmbeddedCluster
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ topics: { texts: 2 } })
})
afterAll(() => cluster.stop())

/** `random: 0` asks the first name server of the list first. */
const clientOf = (nameServers: readonly string[]) =>
  createClient({ nameServers, timing, logger: false, runtime: { random: () => 0 } })
const freeAddress = async (): Promise<string> => {
  const server = await startRawServer(() => undefined)
  await server.stop()
  return server.address
}
const startRude = (kind: keyof typeof RUDE): Promise<RawServer> => startRawServer(RUDE[kind])

const CODES = {
  'closes at once': 'ERR_RMQ_CONNECT',
  'closes when asked': 'ERR_RMQ_CONNECT',
  'answers bytes that are no frame': 'ERR_RMQ_PROTOCOL',
  'answers a frame whose header is no JSON': 'ERR_RMQ_PROTOCOL',
  'never answers': 'ERR_RMQ_TIMEOUT',
  'answers success with a body of rubbish': 'ERR_RMQ_DECODE',
  'answers success with the wrong kind of body': 'ERR_RMQ_DECODE',
  'answers success without a body': 'ERR_RMQ_DECODE',
  'answers an error': 'ERR_RMQ_BROKER',
} as const satisfies Record<keyof typeof RUDE, string>
const kinds = Object.keys(CODES) as (keyof typeof RUDE)[]

describe.each(kinds)('a name server that %s', kind => {
  it('fails a send, which says where and why and that nothing was sent', async () => {
    const rude = await startRude(kind)
    await using client = clientOf([rude.address])
    const error = await failureOf(client.producer().send(message(texts, 'x')))
    expect(error).toMatchObject({ code: CODES[kind], sent: 'no', endpoint: rude.address })
    expect(error.message).toContain(rude.address)
    expect(error.advice).toMatch(/\w/)
    await rude.stop()
  })

  it('costs nothing but an event when there is another that works', async () => {
    const rude = await startRude(kind)
    await using client = clientOf([rude.address, ...cluster.nameServers])
    const events = eventsOf(client)
    const producer = client.producer()
    expect((await producer.send(message(texts, 'x'))).status).toBe('ok')
    expect(ofType(events, 'name-server-failed')[0]).toMatchObject({
      endpoint: rude.address,
      error: { code: CODES[kind] },
    })
    const failures = ofType(events, 'name-server-failed').length
    await producer.send(message(topic('created', codecs.text), 'y')) // from now on the good one is asked first
    expect(ofType(events, 'name-server-failed').length).toBe(failures)
    await rude.stop()
  })
})

it('no name server listening: CONNECT, with the address, and a consumer fails to start in the same way', async () => {
  const address = await freeAddress()
  await using client = clientOf([address])
  for (const operation of [
    client.producer().send(message(texts, 'x')),
    firstValueFrom(client.consumer({ group: 'g', subscribe: [on(texts)] }).process$(() => undefined)),
    client.ready(),
  ]) {
    const error = await failureOf(operation)
    expect(error).toMatchObject({ code: 'ERR_RMQ_CONNECT', sent: 'no', retriable: true, endpoint: address })
    expect(error.message).toContain(address)
    expect(error.advice).toMatch(/\w/)
  }
})

it('none of several answers: one error that lists every attempt', async () => {
  const silent = await startRude('never answers')
  const addresses = [await freeAddress(), silent.address]
  await using client = clientOf(addresses)
  const error = await failureOf(client.producer().send(message(texts, 'x')))
  expect(error.message).toMatch(/^none of 2 name servers answered/)
  expect(error.attempts.map(({ endpoint, code }) => [endpoint, code])).toEqual([
    [addresses[0], 'ERR_RMQ_CONNECT'],
    [addresses[1], 'ERR_RMQ_TIMEOUT'],
  ])
  expect(error).toMatchObject({ sent: 'no', retriable: true })
  await silent.stop()
})

it('a client that found no name server works as soon as one is there', async () => {
  const late = await startEmbeddedCluster({ topics: { texts: 1 } })
  const [address] = late.nameServers
  const port = Number(address!.split(':')[1])
  await late.stop()
  await using client = clientOf([address!])
  const producer = client.producer()
  await failureOf(producer.send(message(texts, 'too early')))
  await using reborn = await startEmbeddedCluster({ topics: { texts: 1 }, nameServerPort: port })
  expect(reborn.nameServers).toEqual([address])
  await expect
    .poll(() => producer.sendOutcome(message(texts, 'now')), { timeout: 15_000, interval: 100 })
    .toMatchObject({ ok: true })
}, 30_000)

it('a name server that fails later takes no known route away', async () => {
  const passing = await startEmbeddedCluster({ topics: { texts: 1 } })
  await using client = createClient({
    nameServers: passing.nameServers,
    timing: { ...timing, routeRefreshMs: 50 },
    logger: false,
  })
  const events = eventsOf(client)
  const producer = client.producer()
  await producer.send(message(texts, 'x'))
  passing.faults.closeOn(105)
  await expect.poll(() => ofType(events, 'route-failed').length).toBeGreaterThan(1)
  expect(ofType(events, 'route-failed').filter(({ topic: name }) => name === texts.name)[0]).toMatchObject({
    keptLastGood: true,
  })
  expect((await producer.send(message(texts, 'y'))).status).toBe('ok')
  await passing.stop()
})

it('no name server configured is ERR_RMQ_ILLEGAL, and so is what is no address', async () => {
  for (const nameServers of [
    '',
    [],
    ' ; ',
    [''],
    'no-port',
    'host:',
    'host:0',
    'host:65536',
    'host:x',
    ':9876',
    'a b:9876',
  ] as const) {
    // at once, or with the first operation: addresses may come from a stream
    const error = await failureOf(
      Promise.resolve().then(async () => {
        await using client = createClient({ nameServers, timing, logger: false })
        return await client.producer().send(message(texts, 'x'))
      }),
    )
    expect([nameServers, error.code, error.sent, error.retriable]).toEqual([
      nameServers,
      'ERR_RMQ_ILLEGAL',
      'no',
      false,
    ])
    expect(error.advice).toMatch(/host:port|ROCKETMQ_NAMESRV_ADDR/)
    expect(error.message).toMatch(/no name server|is not an address/)
  }
})

it('a stream of name servers that gives a bad list, fails, or ends empty makes operations fail, not the process', async () => {
  const sources = [
    [() => Promise.resolve(['nonsense']), /"nonsense" is not an address/],
    [() => Promise.resolve([]), /no name server/],
    [() => [], /no name server/],
    [() => Promise.reject(new Error('discovery is down')), /name server.*discovery is down/],
    [
      () => {
        throw new Error('discovery is broken')
      },
      /name server.*discovery is broken/,
    ],
  ] as const
  for (const [nameServers, expected] of sources) {
    await using client = createClient({ nameServers, timing, logger: false })
    const error = await failureOf(client.producer().send(message(texts, 'x'), { timeoutMs: 500 }))
    expect(error.message).toMatch(expected)
    expect(error.sent).toBe('no')
    expect(error.advice).toMatch(/\w/)
    expect(error.advice).not.toContain('remoting port') // nobody was asked
  }
})
