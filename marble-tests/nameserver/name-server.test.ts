import { asyncScheduler, defer, EMPTY, map, of, type Observable, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected, type RocketError } from '../../src/errors.ts'
import { nameServers$ } from '../../src/nameserver/discovery.ts'
import { createNameServer, type NameServerOptions } from '../../src/nameserver/name-server.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { encodeClusterInfo, encodeTopicRoute } from '../../src/protocol/bodies/bodies.ts'
import { NO_BODY } from '../../src/protocol/frames/frame.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import type { Answer } from '../../src/remoting/invoke.ts'
import { parseEndpoints } from '../../src/transport/endpoint.ts'
import { aRoute } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const answer = (code: number, body: Buffer = NO_BODY) =>
  ({ code, remark: undefined, body, version: 479, header: () => ({}) }) as unknown as Answer<never>

const ANSWERS = {
  r: answer(RESPONSE.SUCCESS, encodeTopicRoute(aRoute({ a: 'a:1' }, 3))),
  n: answer(RESPONSE.TOPIC_NOT_EXIST),
  g: answer(RESPONSE.SUCCESS, Buffer.from('<html>')),
  c: answer(RESPONSE.SUCCESS, encodeClusterInfo({ brokers: new Map(), clusters: new Map([['x', ['a']]]) })),
}

/**
 * Name servers that answer each question as drawn: `r` a route, `n` an unknown topic, `g` garbage, `c` the cluster (with
 * which the question is over), `#` no connection.
 */
const drawn = (
  m: Marbles,
  servers: Readonly<Record<string, readonly string[]>>,
  options: Partial<NameServerOptions> = {},
) => {
  const asked: string[] = []
  const events: ReportedEvent[] = []
  const errors: RocketError[] = []
  const invoke$ = (endpoint: string) =>
    defer(() => {
      const times = asked.filter(one => one.startsWith(endpoint)).length
      asked.push(`${endpoint} at ${asyncScheduler.now()}`)
      const diagram = servers[endpoint]?.[times] ?? '#'
      return m.cold(diagram.replace(/[rngc]/, '($&|)'), ANSWERS, notConnected(endpoint))
    })
  const nameServer = createNameServer({
    invoke: { invoke$, tell$: () => EMPTY },
    addresses$: of(Object.keys(servers)),
    report: event => events.push(event),
    random: () => 0,
    now: () => asyncScheduler.now(),
    ...options,
  })
  const noted = (source$: Observable<string>) =>
    source$.pipe(tap({ error: (error: unknown) => errors.push(error as RocketError) }), errorsAsValues())
  const route$ = noted(
    nameServer.topicRoute$('t').pipe(map(({ queueDatas }) => `${queueDatas[0]?.writeQueueNums} queues`)),
  )
  const cluster$ = noted(nameServer.clusterInfo$().pipe(map(({ clusters }) => [...clusters.keys()].join())))
  return { route$, cluster$, asked, events, errors }
}

const SAID = { r: '3 queues', c: 'x', n: 'ERR_RMQ_ROUTE_NOT_FOUND no', X: 'ERR_RMQ_CONNECT no' }

describe('the name servers', () => {
  it(
    'are asked one at a time: the next one when one fails',
    marbles(m => {
      const { route$, asked, events } = drawn(m, { 'n:1': ['--#'], 'n:2': ['-#'], 'n:3': ['-r'], 'n:4': ['r'] })
      m.expect(route$).toBeObservable('----(r|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:1 at 0', 'n:2 at 2', 'n:3 at 3'])
      expect(events).toMatchObject([
        { type: 'name-server-failed', endpoint: 'n:1' },
        { type: 'name-server-failed', endpoint: 'n:2' },
      ])
    }),
  )

  it(
    'are asked from a random one on, around the list',
    marbles(m => {
      const { route$, asked } = drawn(m, { 'n:1': ['-r'], 'n:2': ['-#'], 'n:3': ['-#'] }, { random: () => 0.5 })
      m.expect(route$).toBeObservable('---(r|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:2 at 0', 'n:3 at 1', 'n:1 at 2'])
    }),
  )

  it(
    'keep being asked at the one that answered last, until it fails',
    marbles(m => {
      const { route$, cluster$, asked } = drawn(m, { 'n:1': ['-#', '-r'], 'n:2': ['-r', '-c', '-#'] })
      m.expect(route$, '  ^            ').toBeObservable('--(r|)', SAID)
      m.expect(cluster$, '-----^       ').toBeObservable('------(c|)', SAID)
      m.expect(route$, '  ----------^  ').toBeObservable('------------(r|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:1 at 0', 'n:2 at 1', 'n:2 at 5', 'n:2 at 10', 'n:1 at 11'])
    }),
  )

  it(
    'fail only when none answers: with the failure of the last, and every attempt listed',
    marbles(m => {
      const { route$, errors } = drawn(m, { 'n:1': ['--#'], 'n:2': ['---#'] })
      m.expect(route$).toBeObservable('-----(X|)', SAID)
      m.flush()
      expect(errors[0]?.message).toMatch(/none of 2 name servers answered.*n:2/)
      expect(errors[0]?.attempts).toEqual([
        { endpoint: 'n:1', code: 'ERR_RMQ_CONNECT', sent: 'no', elapsedMs: 2 },
        { endpoint: 'n:2', code: 'ERR_RMQ_CONNECT', sent: 'no', elapsedMs: 3 },
      ])
    }),
  )

  it(
    'fail with the failure itself where there is but one',
    marbles(m => {
      const { cluster$, errors } = drawn(m, { 'n:1': ['-#'] })
      m.expect(cluster$).toBeObservable('-(X|)', SAID)
      m.flush()
      expect(errors[0]).toMatchObject({ message: notConnected('n:1').message, attempts: [{ endpoint: 'n:1' }] })
    }),
  )

  it(
    'have answered when they do not know a topic: no other one is asked',
    marbles(m => {
      const { route$, asked, events } = drawn(m, { 'n:1': ['-n'], 'n:2': ['-r'] })
      m.expect(route$).toBeObservable('-(n|)', SAID)
      m.flush()
      expect([asked, events]).toEqual([['n:1 at 0'], []])
    }),
  )

  it(
    'keep being asked at the one that answered last, also when its answer was that it does not know the topic',
    marbles(m => {
      const { route$, asked } = drawn(m, { 'n:1': ['-#', '-#'], 'n:2': ['-n', '-n'] })
      m.expect(route$, '^    ').toBeObservable('--(n|)', SAID)
      m.expect(route$, '-----^').toBeObservable('------(n|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:1 at 0', 'n:2 at 1', 'n:2 at 5'])
    }),
  )

  it(
    'are passed over when their answer cannot be read, which tells where to look',
    marbles(m => {
      const { route$, events } = drawn(m, { 'n:1': ['-g'], 'n:2': ['-r'] })
      m.expect(route$).toBeObservable('--(r|)', SAID)
      m.flush()
      expect(events).toMatchObject([
        {
          endpoint: 'n:1',
          error: { code: 'ERR_RMQ_DECODE', endpoint: 'n:1', advice: 'is this a RocketMQ name server?' },
        },
      ])
    }),
  )

  it(
    'are looked up anew for each question, and may change',
    marbles(m => {
      const lists = m.hot<readonly string[]>('   x-----y', { x: ['n:1'], y: ['n:2'] })
      const last: (readonly string[])[] = [['n:1']]
      m.expect(lists.pipe(tap(list => last.push(list)))).toBeObservable('x-----y', { x: ['n:1'], y: ['n:2'] })
      const addresses$ = nameServers$(() => of(last.at(-1) ?? []), parseEndpoints)
      const { route$, asked } = drawn(m, { 'n:1': ['-r'], 'n:2': ['-r'] }, { addresses$ })
      m.expect(route$, '                         ^         ').toBeObservable('-(r|)', SAID)
      m.expect(route$, '                         -------^  ').toBeObservable('--------(r|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:1 at 0', 'n:2 at 7'])
    }),
  )

  it(
    'are waited for, where a stream tells them later',
    marbles(m => {
      const addresses$ = nameServers$(() => m.cold('--x---y', { x: ['n:1'], y: ['n:2'] }), parseEndpoints)
      const { route$, asked } = drawn(m, { 'n:1': ['-r'], 'n:2': ['-r'] }, { addresses$ })
      m.expect(route$).toBeObservable('---(r|)', SAID)
      m.flush()
      expect(asked).toEqual(['n:1 at 2'])
    }),
  )

  it(
    'are told to be missing when there is none, or none is told',
    marbles(m => {
      const X = { X: 'ERR_RMQ_ILLEGAL no' }
      const missing = (addresses$: Observable<readonly string[]>) => drawn(m, {}, { addresses$ }).route$
      m.expect(missing(nameServers$('', parseEndpoints))).toBeObservable('(X|)', X)
      m.expect(missing(nameServers$(' ; ', parseEndpoints))).toBeObservable('(X|)', X)
      m.expect(missing(nameServers$(() => [[]], parseEndpoints))).toBeObservable('(X|)', X)
      m.expect(missing(nameServers$(() => EMPTY, parseEndpoints))).toBeObservable('(X|)', X)
    }),
  )

  it(
    'stop being asked when nobody waits for the answer',
    marbles(m => {
      const { route$, asked } = drawn(m, { 'n:1': ['---#'], 'n:2': ['-r'] })
      m.expect(route$, '^-!').toBeObservable('')
      m.flush()
      expect(asked).toEqual(['n:1 at 0'])
    }),
  )
})

describe('the list of name servers', () => {
  it(
    'is told again only when it changes, however it is spelled',
    marbles(m => {
      const lists = m.cold('x-y-z', { x: ['n:1', 'n:2'], y: ['n:1;n:2'], z: ['n:3'] })
      m.expect(nameServers$(() => lists, parseEndpoints).pipe(map(list => list.join(' ')))).toBeObservable('x---z', {
        x: 'n:1 n:2',
        z: 'n:3',
      })
    }),
  )

  it(
    'is refused when one of its addresses is none',
    marbles(m => {
      m.expect(nameServers$('n:1;nonsense', parseEndpoints).pipe(errorsAsValues())).toBeObservable('(X|)', {
        X: 'ERR_RMQ_ILLEGAL no',
      })
    }),
  )
})
