import { map, NEVER, tap, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { notConnected } from '../../src/errors.ts'
import { createClient, message, topic, type ClientConfig, type ClientEvent, type Stats } from '../../src/index.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { fakeCluster, storedAnswer } from '../../test/support/fake-cluster.ts'
import { fakeTransport, type FakeTransportOptions, type Script } from '../../test/support/fake-transport.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const LONG_MS = 1_000_000

const drawn = (
  m: Marbles,
  {
    script = fakeCluster(),
    connects,
    timing,
  }: { script?: Script; timing?: ClientConfig['timing'] } & FakeTransportOptions = {},
) => {
  const transport = fakeTransport(script, connects === undefined ? {} : { connects })
  const events: ClientEvent[] = []
  const client = createClient({
    nameServers: 'n:1',
    clientId: 'me',
    logger: false,
    timing: { routeRefreshMs: LONG_MS, heartbeatMs: LONG_MS, idleMs: LONG_MS, drainMs: 20, ...timing },
    runtime: { transport, random: () => 0 },
  })
  client.events$.subscribe(event => events.push(event))
  const at = (diagram: string, call: () => unknown) =>
    m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)
  const send$ = client
    .producer()
    .send$(message(topic('t'), Buffer.from('x')))
    .pipe(
      map(({ status }) => status.slice(0, 1)),
      errorsAsValues(),
    )
  return { client, transport, events, at, send$ }
}

describe('a client', () => {
  it(
    'opens nothing before somebody needs it, and nothing more than that needs',
    marbles(m => {
      const { client, transport, send$, at } = drawn(m)
      m.expect(send$, '-----^').toBeObservable('-----(o|)')
      at('             -------c', () => client.close())
      m.flush()
      expect(transport.dials).toEqual(['n:1 at 5', 'a:1 at 5'])
    }),
  )

  it(
    'tells the life it leads: idle, starting, running, draining, closed',
    marbles(m => {
      const slowly = fakeCluster({
        instead: { [REQUESTS.SEND_MESSAGE_V2.code]: () => m.cold('-----(s|)', { s: storedAnswer() }) },
      })
      const { client, send$, at } = drawn(m, { script: slowly, connects: () => m.cold('--c') })
      const states = { i: 'idle', s: 'starting', r: 'running', d: 'draining', c: 'closed' } as const
      m.expect(client.state$, '         ^         ').toBeObservable('is-r--d---(c|)', states)
      m.expect(send$, '                 -^        ').toBeObservable('----------(o|)')
      at('                              ------c   ', () => client.close())
      m.expect(client.state$, '         ------------^').toBeObservable('------------|', states)
    }),
  )

  it(
    'lists its connections, and what became of each, now and whenever that changes',
    marbles(m => {
      const { client, at } = drawn(m, {
        connects: () => m.cold('--c---#', undefined, notConnected('n:1', new Error('port unreachable'))),
        timing: { requestTimeoutMs: 3, idleMs: 5 },
        script: () => NEVER,
      })
      const infos$ = client.connections$.pipe(
        map(all =>
          all
            .map(({ state, connects, failures, lastError = '' }) => `${state} ${connects} ${failures} ${lastError}`)
            .join(),
        ),
      )
      m.expect(client.ready$().pipe(errorsAsValues()), '-^').toBeObservable('----(X|)', { X: 'ERR_RMQ_TIMEOUT maybe' })
      m.expect(infos$).toBeObservable('0a-b---c(dz|)', {
        0: '',
        a: 'connecting 0 0 ',
        b: 'connected 1 0 ',
        c: 'disconnected 1 1 no connection to n:1: port unreachable',
        d: 'closing 1 1 no connection to n:1: port unreachable',
        z: '',
      })
      at('--------c', () => client.close())
    }),
  )

  it(
    'is ready when a name server answered',
    marbles(m => {
      const { client, at, transport } = drawn(m, { connects: () => m.cold('--c') })
      const ready$ = client.ready$().pipe(map(one => (one === client ? 'r' : '?')))
      m.expect(ready$).toBeObservable('--(r|)')
      at('----c', () => client.close())
      m.flush()
      expect(transport.dials).toEqual(['n:1 at 0'])
    }),
  )

  it(
    'is not ready when no name server can be reached, or none answers in time',
    marbles(m => {
      const refused = drawn(m, { connects: () => throwError(() => notConnected('n:1')) })
      const silent = drawn(m, { script: () => NEVER, timing: { connectTimeoutMs: 5 } })
      m.expect(refused.client.ready$().pipe(errorsAsValues())).toBeObservable('(C|)', { C: 'ERR_RMQ_CONNECT no' })
      m.expect(silent.client.ready$().pipe(errorsAsValues())).toBeObservable('-----(T|)', { T: 'ERR_RMQ_TIMEOUT no' })
      refused.at('------c', () => refused.client.close())
      silent.at(' ------c', () => silent.client.close())
    }),
  )

  it(
    'is not ready where a stream of name servers ends without any',
    marbles(m => {
      const client = createClient({
        nameServers: () => [],
        clientId: 'me',
        logger: false,
        runtime: { transport: fakeTransport(() => NEVER) },
      })
      m.expect(client.ready$().pipe(errorsAsValues())).toBeObservable('(X|)', { X: 'ERR_RMQ_ILLEGAL no' })
    }),
  )

  it(
    'counts what its connections carry, as long as they live',
    marbles(m => {
      const { client, at } = drawn(m, { timing: { idleMs: 5 } })
      const shown = ({ connections }: Stats) => connections.map(({ endpoint }) => endpoint).join() || 'none'
      m.expect(client.ready$().pipe(map(() => 'r')), '--^').toBeObservable('--(r|)')
      m.expect(client.stats$(4).pipe(map(shown))).toBeObservable('0---1---0-|', { 0: 'none', 1: 'n:1' })
      at('----------c', () => client.close())
    }),
  )

  it(
    'tells the route of a topic to all who look, until it closes',
    marbles(m => {
      const { client, at, transport } = drawn(m)
      const route$ = client.routes$('t').pipe(map(({ status }) => status.slice(0, 1)))
      m.expect(route$, '  ^     ').toBeObservable('k----|')
      m.expect(route$, '  --^   ').toBeObservable('--k--|')
      at('               -----c', () => client.close())
      m.flush()
      expect(transport.sent(REQUESTS.GET_ROUTEINFO_BY_TOPIC.code)).toHaveLength(1)
    }),
  )

  it(
    'tells whatever happens as events, in order and with their time, and ends them when it is closed',
    marbles(m => {
      const { client, events, at } = drawn(m, { connects: () => m.cold('--c') })
      m.expect(client.ready$().pipe(map(() => 'r')), '-^').toBeObservable('---(r|)')
      m.expect(client.events$.pipe(map(() => 'e'))).toBeObservable('-e-e-(ee|)')
      at('                                             -----c', () => client.close())
      m.flush()
      expect(
        events.map(event => (event.type === 'connection-state' ? `${event.state} at ${event.at}` : event.type)),
      ).toEqual(['connecting at 1', 'connected at 3', 'closing at 5', 'closed at 5'])
    }),
  )

  it(
    'asks for the brokers of its cluster',
    marbles(m => {
      const { client, at } = drawn(m)
      const brokers$ = client.clusterInfo$().pipe(map(({ brokers }) => [...brokers.keys()].join()))
      m.expect(brokers$).toBeObservable('(b|)', { b: 'a' })
      at('-c', () => client.close())
    }),
  )
})

describe('a client that closes', () => {
  it(
    'ends what is on the way before it hangs up, and reports that nothing was left',
    marbles(m => {
      const slowly = fakeCluster({
        instead: { [REQUESTS.SEND_MESSAGE_V2.code]: () => m.cold('-----(s|)', { s: storedAnswer() }) },
      })
      const { client, send$, at, transport } = drawn(m, { script: slowly })
      m.expect(send$).toBeObservable('-----(o|)')
      at('                            --c', () => client.close())
      m.expect(client.closed$, '      ^      ').toBeObservable('-----(r|)', { r: NOTHING_LEFT })
      m.expect(client.closed$, '      --------^').toBeObservable('--------(r|)', { r: NOTHING_LEFT })
      m.flush()
      expect(transport.hangUps.toSorted()).toEqual(['a:1 at 5', 'n:1 at 5'])
    }),
  )

  it(
    'waits no longer than it is told, and reports what was on its way',
    marbles(m => {
      const never = fakeCluster({ instead: { [REQUESTS.SEND_MESSAGE_V2.code]: () => NEVER } })
      const { client, send$, at } = drawn(m, { script: never })
      m.expect(send$).toBeObservable('3000ms (T|)', { T: 'ERR_RMQ_TIMEOUT maybe' })
      at('                            --c', () => client.close({ drainMs: 4 }))
      m.expect(client.closed$).toBeObservable('------(r|)', { r: { ...NOTHING_LEFT, forced: true, inFlight: 1 } })
    }),
  )

  it(
    'refuses whatever is asked of it later',
    marbles(m => {
      const { client, send$, at } = drawn(m)
      at('                            -c', () => client.close())
      m.expect(send$, '               --^').toBeObservable('--(C|)', { C: 'ERR_RMQ_CLOSED no' })
      m.flush()
      expect(() => client.producer()).toThrow('the client is closed')
    }),
  )

  it(
    'closes once, however often it is told to',
    marbles(m => {
      const { client, at } = drawn(m)
      const closes: unknown[] = []
      at('-c-c', () => closes.push(client.close()))
      m.expect(client.state$).toBeObservable('i(dc|)', { i: 'idle', d: 'draining', c: 'closed' })
      m.flush()
      expect(closes[0]).toBe(closes[1])
    }),
  )
})

const NOTHING_LEFT = { forced: false, unsettled: 0, unsent: 0, inFlight: 0, uncommitted: 0 }
