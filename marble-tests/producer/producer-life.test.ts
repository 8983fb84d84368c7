import { map, NEVER, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { decodeHeartbeat } from '../../src/protocol/bodies/bodies.ts'
import {
  createClient,
  message,
  topic,
  type ClientConfig,
  type ProducerOptions,
  type ProducerStats,
} from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { answers, fakeCluster, storedAnswer, type FakeClusterOptions } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const SEND = REQUESTS.SEND_MESSAGE_V2.code
const BEAT = REQUESTS.HEART_BEAT.code
const LEAVE = REQUESTS.UNREGISTER_CLIENT.code
const ROUTE = REQUESTS.GET_ROUTEINFO_BY_TOPIC.code
const LONG_MS = 1_000_000

interface Setting extends ProducerOptions, FakeClusterOptions {
  readonly config?: Partial<ClientConfig>
}

const drawn = (m: Marbles, { config, brokers, instead, ...options }: Setting = {}) => {
  const cluster = { ...(brokers === undefined ? {} : { brokers }), ...(instead === undefined ? {} : { instead }) }
  const transport = fakeTransport(fakeCluster(cluster))
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: { routeRefreshMs: LONG_MS, heartbeatMs: LONG_MS, idleMs: LONG_MS, drainMs: 20, connectTimeoutMs: 30 },
    runtime: { transport, random: () => 0 },
    ...config,
  })
  const producer = client.producer(options)
  const at = (diagram: string, call: () => unknown) =>
    m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)
  const shown$ = (body = 'x') =>
    producer.send$(message(topic('t'), Buffer.from(body))).pipe(
      map(({ status }) => status.slice(0, 1)),
      errorsAsValues(),
    )
  const wire = (code: number) => transport.sent(code).map(({ endpoint, at: when }) => `${endpoint} at ${when}`)
  return { client, producer, transport, at, shown$, wire }
}

describe('warming up', () => {
  it(
    'has routes, connections and heartbeats ready, and then the first send asks nobody else',
    marbles(m => {
      const { client, producer, at, shown$, wire, transport } = drawn(m, {
        brokers: { a: 'a:1', b: 'b:1' },
        instead: { [BEAT]: (_, endpoint) => m.cold(endpoint === 'b:1' ? '---(y|)' : '-(y|)', { y: answers(0) }) },
      })
      const warm$ = producer
        .warmup$(['t', topic('u'), 't'])
        .pipe(map(({ topics, brokers }) => [...topics, ...brokers].join()))
      m.expect(warm$, '  ^').toBeObservable('---(w|)', { w: 't,u,a:1,b:1' })
      m.expect(shown$(), '-----^').toBeObservable('-----(o|)')
      at('               ------c', () => client.close())
      m.flush()
      expect(wire(ROUTE)).toEqual(['n:1 at 0', 'n:1 at 0'])
      expect(wire(BEAT).slice(0, 2)).toEqual(['a:1 at 0', 'b:1 at 0'])
      expect(transport.dials).toHaveLength(3)
    }),
  )

  it(
    'fails for a topic that has no route, also where the first send would have it created',
    marbles(m => {
      const { client, producer, at } = drawn(m, {
        instead: {
          [ROUTE]: frame =>
            frame.fields['topic'] === 'TBW102'
              ? fakeCluster()(frame, 'n:1')
              : m.cold('-(n|)', { n: answers(RESPONSE.TOPIC_NOT_EXIST) }),
        },
      })
      m.expect(producer.warmup$(['new']).pipe(errorsAsValues())).toBeObservable('-(X|)', {
        X: 'ERR_RMQ_ROUTE_NOT_FOUND no',
      })
      at('---c', () => client.close())
    }),
  )

  it(
    'fails when a broker does not take its heartbeat in time, and when it is told nothing to warm up for',
    marbles(m => {
      const { client, producer, at } = drawn(m, { instead: { [BEAT]: () => NEVER } })
      m.expect(producer.warmup$(['t'], { timeoutMs: 4 }).pipe(errorsAsValues())).toBeObservable('----(T|)', {
        T: 'ERR_RMQ_TIMEOUT no',
      })
      m.expect(producer.warmup$([]).pipe(errorsAsValues())).toBeObservable('(I|)', { I: 'ERR_RMQ_ILLEGAL no' })
      at('-----c', () => client.close())
      m.expect(producer.warmup$(['t']).pipe(errorsAsValues()), '-------^').toBeObservable('-------(C|)', {
        C: 'ERR_RMQ_CLOSED no',
      })
    }),
  )
})

describe('the statistics of a producer', () => {
  const brief = ({ sent, failed, inFlight, successRate, running }: ProducerStats) =>
    `${sent} ${failed} ${inFlight} ${successRate} ${running}`

  it(
    'are told now and every so often, until the client closes; they count what was stored and what failed',
    marbles(m => {
      let n = 0
      const { client, producer, at, shown$ } = drawn(m, {
        retries: 0,
        instead: {
          [SEND]: () => m.cold('--(x|)', { x: n++ === 1 ? answers(RESPONSE.MESSAGE_ILLEGAL) : storedAnswer() }),
        },
      })
      m.expect(producer.stats$(3).pipe(map(brief))).toBeObservable('a--b--c--d--e-|', {
        a: '0 0 1 1 true',
        b: '1 0 1 1 true',
        c: '1 1 0 0.5 true',
        d: '1 1 1 0.5 true',
        e: '2 1 0 0.6666666666666666 true',
      })
      m.expect(shown$()).toBeObservable('--(o|)')
      m.expect(shown$(), '--^').toBeObservable('----(X|)', { X: 'ERR_RMQ_ILLEGAL no' })
      m.expect(shown$(), '--------^').toBeObservable('----------(o|)')
      at('--------------c', () => client.close())
      m.flush()
      const { bytes, latencyMs, group, clientId, cachedTopics, heartbeats, since } = producer.stats()
      expect({ bytes, group, clientId, since }).toEqual({ bytes: 2, group: 'rocketmq-rxjs', clientId: 'me', since: 0 })
      expect(latencyMs).toEqual({ count: 2, avg: 2, p50: 2, p95: 2, p99: 2, max: 2 })
      expect(heartbeats).toMatchObject({ confirmed: 1, failed: 0, successRate: 1 })
      expect(cachedTopics).toBe(0) // closed
      producer.resetStats()
      expect(producer.stats()).toMatchObject({ sent: 0, failed: 0, bytes: 0, since: 14, latencyMs: { count: 0 } })
    }),
  )

  it(
    'count repeats, and sends that nobody waits for any more',
    marbles(m => {
      let n = 0
      const { client, producer, at, shown$ } = drawn(m, {
        brokers: { a: 'a:1', b: 'b:1' },
        instead: { [SEND]: () => m.cold('--(x|)', { x: n++ === 0 ? answers(RESPONSE.SYSTEM_ERROR) : storedAnswer() }) },
      })
      m.expect(shown$()).toBeObservable('----(o|)')
      m.expect(shown$(), '-----^!').toBeObservable('-')
      at('--------c', () => client.close())
      m.flush()
      expect(producer.stats()).toMatchObject({ sent: 2, failed: 0, retried: 1 })
    }),
  )
})

describe('a producer that closes', () => {
  it(
    'lets end what is on the way, has brokers forget its group, and tells what it left',
    marbles(m => {
      const { client, at, shown$, wire } = drawn(m, {
        instead: { [SEND]: () => m.cold('---(s|)', { s: storedAnswer() }) },
      })
      m.expect(shown$()).toBeObservable('---(o|)')
      at('-c', () => client.close())
      m.expect(
        client.closed$.pipe(map(({ forced, unsent, inFlight }) => [forced, unsent, inFlight].join())),
      ).toBeObservable('---(r|)', { r: 'false,0,0' })
      m.expect(shown$(), '--^').toBeObservable('--(C|)', { C: 'ERR_RMQ_CLOSED no' })
      m.flush()
      expect(wire(LEAVE)).toEqual(['a:1 at 3'])
    }),
  )

  it(
    'tells apart what is on the way and what never left, when its time runs out',
    marbles(m => {
      const { client, at, shown$ } = drawn(m, { maxInFlight: 2, instead: { [SEND]: () => NEVER } })
      for (let n = 0; n < 2; n++) m.expect(shown$()).toBeObservable('3000ms (T|)', { T: 'ERR_RMQ_TIMEOUT maybe' })
      for (let n = 0; n < 3; n++) m.expect(shown$()).toBeObservable('-----(C|)', { C: 'ERR_RMQ_CLOSED no' })
      at('-c', () => client.close({ drainMs: 4 }))
      m.expect(
        client.closed$.pipe(map(({ forced, unsent, inFlight }) => [forced, unsent, inFlight].join())),
      ).toBeObservable('-----(r|)', { r: 'true,3,2' })
    }),
  )

  it(
    'is not forgotten by brokers while another producer of the client has the same group',
    marbles(m => {
      const { client, producer, at, shown$, wire } = drawn(m)
      const other = client.producer()
      m.expect(shown$()).toBeObservable('(o|)')
      m.expect(other.send$(message(topic('t'), Buffer.of(1))).pipe(map(() => 'o'))).toBeObservable('(o|)')
      at('--c', () => producer.close())
      at('-----c', () => other.close())
      at('--------c', () => client.close())
      m.flush()
      expect(wire(LEAVE)).toEqual(['a:1 at 5'])
    }),
  )
})

describe('a heartbeat', () => {
  it(
    'may be one-way: nobody confirms it, and it counts when it is written',
    marbles(m => {
      const { client, producer, at, transport } = drawn(m, { config: { heartbeatMode: 'oneway' }, group: 'pg' })
      m.expect(producer.warmup$(['t']).pipe(map(() => 'w'))).toBeObservable('(w|)')
      at('--c', () => client.close())
      m.flush()
      const [beat] = transport.sent(BEAT)
      expect(beat?.frame.flag).toBe(2)
      expect(decodeHeartbeat(beat?.frame.body ?? Buffer.alloc(0))).toMatchObject({
        clientId: 'me',
        producerGroups: ['pg'],
      })
    }),
  )
})
