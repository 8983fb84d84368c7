import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codecs, createClient, message, on, topic } from '../../src/index.ts'
import type { Client, Producer } from '../../src/index.ts'
import { startEmbeddedCluster } from '../../src/embedded/index.ts'
import type { EmbeddedCluster } from '../../src/embedded/index.ts'
import { MAX_READ_FRAME_BYTES, MAX_WRITE_FRAME_BYTES } from '../../src/protocol/frames/cut-frames.ts'
import { encodeFrame } from '../../src/protocol/frames/frame-codec.ts'
import { onewayFrame, requestFrame, responseFrame } from '../../src/protocol/frames/frame.ts'
import { askOk } from '../cluster/ask.ts'
import { openAsker } from '../embedded/asker.ts'
import { failureOf } from '../support/failure.ts'
import { startRawServer } from '../support/raw-server.ts'
import type { RawServer } from '../support/raw-server.ts'
import { announced, RUBBISH } from '../support/rubbish.ts'

const CREATE_TOPIC = 17
const HEARTBEAT_PROBE = 28
const MIB = 1_048_576
const good = topic('good', codecs.text)
const bad = topic('bad', codecs.text)

let cluster: EmbeddedCluster
/** Two brokers, each with a topic of its own; what a client asks of the second one goes to a server of the test. */
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ brokers: 2, autoCreateTopics: false })
  for (const [index, name] of ['good', 'bad'].entries()) {
    await askOk(cluster.brokers[index]!, CREATE_TOPIC, {
      ext: {
        topic: name,
        defaultTopic: 'TBW102',
        readQueueNums: '1',
        writeQueueNums: '1',
        perm: '6',
        topicFilterType: 'SINGLE_TAG',
        order: 'false',
      },
    })
  }
})
afterAll(() => cluster.stop())

const external = (): number => process.memoryUsage().external

describe('a broker that answers', () => {
  let onConnection: (socket: Socket) => void
  let hostile: RawServer
  let client: Client
  let victim: Producer
  beforeEach(async () => {
    hostile = await startRawServer(socket => onConnection(socket))
    client = createClient({
      nameServers: cluster.nameServers,
      addressMap: address => (address === cluster.brokers[1] ? hostile.address : address),
      logger: false,
    })
    victim = client.producer({ retries: 0 })
  })
  afterEach(async () => {
    await client.close()
    await hostile.stop()
  })

  /** What is asked of the other broker goes on, on the same client. */
  const othersGoOn = async (): Promise<void> => {
    expect(await client.producer({ retries: 0 }).sendOutcome(message(good, 'x'))).toMatchObject({ ok: true })
  }
  const answerWith = (bytes: Buffer): void => {
    onConnection = socket => void socket.once('data', () => socket.write(bytes))
  }

  it.each(Object.entries(RUBBISH))('%s fails what was asked of it, and nothing else', async (_what, bytes) => {
    answerWith(bytes)
    const [error, outcome] = await Promise.all([
      failureOf(victim.send(message(bad, 'x'))),
      client.producer({ retries: 0 }).sendOutcome(message(good, 'beside it')),
    ])
    expect(error).toMatchObject({ code: 'ERR_RMQ_PROTOCOL', sent: 'maybe', endpoint: hostile.address, topic: 'bad' })
    expect(error.message).toMatch(/expected/)
    expect(error.message.length).toBeLessThan(500)
    expect(outcome).toMatchObject({ ok: true })
    await othersGoOn()
  })

  it('half a frame and hangs up fails what was asked of it as a lost connection', async () => {
    onConnection = socket => void socket.once('data', () => socket.end(announced(1_000)))
    expect(await failureOf(victim.send(message(bad, 'x')))).toMatchObject({ code: 'ERR_RMQ_CONNECT', sent: 'maybe' })
    await othersGoOn()
  })

  it('the right thing and rubbish behind it: the answer counts, then the connection is given up', async () => {
    onConnection = socket =>
      void socket.on('data', (asked: Buffer) => {
        const opaque = Number(/"opaque":(-?\d+)/.exec(asked.toString('latin1'))?.[1])
        const fields = { msgId: 'AC120001000029FF0000000000000001', queueId: '0', queueOffset: '7' }
        const answer = encodeFrame(responseFrame({ opaque }, 0, { fields }))
        socket.write(Buffer.concat([answer, RUBBISH['a negative length']!]))
      })
    const before = hostile.connections()
    for (let round = 0; round < 3; round++) {
      const outcome = await client.producer({ retries: 2 }).send(message(bad, 'x'))
      expect(outcome.queueOffset.toString()).toBe('7')
    }
    await expect.poll(() => hostile.connections() - before).toBeGreaterThanOrEqual(2)
    await othersGoOn()
  })

  it('an announcement of 32 MiB, and nothing more, takes no memory and ends with the timeout', async () => {
    answerWith(announced(MAX_READ_FRAME_BYTES))
    const before = external()
    expect(await failureOf(victim.send(message(bad, 'x'), { timeoutMs: 300 }))).toMatchObject({
      code: 'ERR_RMQ_TIMEOUT',
    })
    expect(external() - before).toBeLessThan(4 * MIB)
    await othersGoOn()
  })

  it('answers to questions that nobody asked, by the thousand, are ignored', async () => {
    const unasked = Array.from({ length: 5_000 }, (_, n) => encodeFrame(responseFrame({ opaque: -5_000 - n }, 0)))
    answerWith(Buffer.concat(unasked))
    expect(await failureOf(victim.send(message(bad, 'x'), { timeoutMs: 500 }))).toMatchObject({
      code: 'ERR_RMQ_TIMEOUT',
    })
    await othersGoOn()
  })

  it('requests of its own that make no sense are answered or ignored, and the client lives', async () => {
    const requests = [40, 220, 221, 307, 326, 39, 200_060, -1, 0x7fff_ffff, 34].flatMap((code, n) => {
      const parts = { opaque: n, fields: { consumerGroup: 'g', offset: 'x' }, body: Buffer.from('{"rubbish') }
      return [encodeFrame(requestFrame(code, parts)), encodeFrame(onewayFrame(code, parts))]
    })
    answerWith(Buffer.concat(requests))
    expect(await failureOf(victim.send(message(bad, 'x'), { timeoutMs: 500 }))).toMatchObject({
      code: 'ERR_RMQ_TIMEOUT',
    })
    await othersGoOn()
  })

  it('rubbish to everything does not keep a consumer from the messages of the other broker', async () => {
    answerWith(RUBBISH['an HTTP request']!)
    const bodies: string[] = []
    const consumer = client.consumer({ group: 'undeterred', subscribe: [on(good), on(bad)] })
    let failure: unknown
    const consuming = consumer
      .process$(({ message: { body } }) => void bodies.push(body))
      .subscribe({ error: (cause: unknown) => (failure = cause) })
    await expect
      .poll(
        async () => {
          await client.producer().sendOutcome(message(good, 'to the consumer'))
          return bodies.includes('to the consumer') || failure !== undefined
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(true)
    expect(failure).toBeUndefined()
    consuming.unsubscribe()
  }, 30_000)
})

const hostileTo = (address: string): Socket => {
  const [host = '', port] = address.split(':')
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => undefined)
  return socket
}
const closed = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

describe.each([
  ['broker', () => cluster.brokers[0]!],
  ['name server', () => cluster.nameServers[0]!],
] as const)('a client that sends to an embedded %s', (_kind, address) => {
  it.each(Object.entries(RUBBISH))('%s loses its own connection and no other', async (_what, bytes) => {
    const other = await openAsker(address())
    const asked = other.ask(HEARTBEAT_PROBE)
    const hostile = hostileTo(address())
    hostile.resume().write(bytes)
    await closed(hostile)
    expect((await asked).flag & 1).toBe(1)
    expect((await other.ask(HEARTBEAT_PROBE)).flag & 1).toBe(1)
    other.close()
  })

  it('announcements of 16 MiB on hundreds of connections takes no memory', async () => {
    const other = await openAsker(address())
    const before = external()
    const sockets = Array.from({ length: 300 }, () => hostileTo(address()))
    for (const socket of sockets) socket.resume().write(announced(MAX_WRITE_FRAME_BYTES))
    await Promise.all(sockets.map(socket => new Promise(resolve => socket.once('connect', resolve))))
    expect((await other.ask(HEARTBEAT_PROBE)).flag & 1).toBe(1)
    expect(external() - before).toBeLessThan(32 * MIB)
    for (const socket of sockets) socket.destroy()
    other.close()
  })

  it('good requests and rubbish behind them has the requests carried out first', async () => {
    const hostile = hostileTo(address())
    const answers: Buffer[] = []
    hostile.on('data', (chunk: Buffer) => answers.push(chunk))
    const request = encodeFrame(requestFrame(HEARTBEAT_PROBE, { opaque: 4_711 }))
    hostile.write(Buffer.concat([request, RUBBISH['a negative length']!]))
    await closed(hostile)
    expect(Buffer.concat(answers).toString('latin1')).toContain('"opaque":4711')
  })

  it('nonsense in frames that are whole is answered with an error, each of them', async () => {
    const asker = await openAsker(address())
    for (const code of [10, 11, 14, 15, 17, 29, 30, 34, 35, 36, 38, 105, 106, 200, 310, 320, -1, 0x7fff_ffff]) {
      const fields = { topic: '\u0000', queueId: '99999999999', offset: 'x', a: '', properties: '\u0002\u0001' }
      const answer = await asker.ask(code, fields, Buffer.from('{"rubbish'))
      expect([code, answer.flag & 1]).toEqual([code, 1])
    }
    asker.close()
  })
})
