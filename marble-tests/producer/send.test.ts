import Long from 'long'
import { asyncScheduler, defer, map, NEVER, type Observable, of, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { SendHeader, Stored } from '../../src/broker/sending.ts'
import { connectionLost, notConnected, requestTimeout, RocketError, routeNotFound } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { resolveProducerOptions, type ProducerOptions } from '../../src/producer/options.ts'
import type { Outgoing } from '../../src/producer/outgoing.ts'
import { createSender } from '../../src/producer/send.ts'
import type { Board, TopicBoards } from '../../src/producer/topic-boards.ts'
import { masterOf } from '../../src/protocol/routes.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { aRoute, queuesNamed } from '../../test/support/builders.ts'
import { errorsAsValues, marbles, type Marbles } from '../marbles.ts'

const stored: Stored = {
  status: 'ok',
  offsetMessageId: 'offset id',
  queueId: 0,
  queueOffset: Long.fromNumber(5),
  transactionId: undefined,
  recallHandle: undefined,
  regionId: undefined,
  traceOn: true,
}
const answered = (
  responseCode: number,
  code: 'ERR_RMQ_BROKER' | 'ERR_RMQ_BUSY' | 'ERR_RMQ_AUTH' = 'ERR_RMQ_BROKER',
  remark = '',
) => new RocketError(code, 'refused', { responseCode, remark, retriable: true })

/** What a broker may do to an attempt, by letter; `s` it stores the message. */
const FAILURES: Readonly<Record<string, RocketError>> = {
  e: answered(RESPONSE.SYSTEM_ERROR),
  b: answered(RESPONSE.SYSTEM_BUSY, 'ERR_RMQ_BUSY'),
  i: answered(RESPONSE.MESSAGE_ILLEGAL),
  p: answered(RESPONSE.SYSTEM_ERROR, 'ERR_RMQ_BROKER', 'AclException: check signature failed'),
  c: notConnected('x:1'),
  l: connectionLost('x:1', 'maybe'),
  t: requestTimeout('x:1', 1, 10, 'maybe'),
}

const ROUTE = aRoute({ a: 'a:1', b: 'b:1' }, 2)
const BOARD: Board = {
  queues: queuesNamed('a0 a1 b0 b1'),
  masterOf: name => masterOf(ROUTE, name),
  fromTemplate: false,
}

interface Setting extends ProducerOptions {
  readonly board$?: Observable<Board>
  readonly shardKey?: string
  readonly givenUp?: () => boolean
  readonly random?: () => number
}

/**
 * One send whose attempts are drawn, one after the other. Its picture says `s` when it is stored, or its error; `tries` tells
 * which broker was asked when, for how long, and whether to wait for a connection (`!`).
 */
const drawn = (m: Marbles, attempts: readonly string[], setting: Setting = {}) => {
  const { board$ = of(BOARD), shardKey, givenUp = () => false, random = () => 0, ...options } = setting
  const tries: string[] = []
  const headers: SendHeader[] = []
  const written: number[] = []
  const refreshed: string[] = []
  const events: ReportedEvent[] = []
  const errors: RocketError[] = []
  const results: { readonly messageId: string; readonly attempts: number; readonly elapsedMs: number }[] = []
  let cursor = 0
  const boards: TopicBoards = {
    board: () => undefined,
    board$: () => board$,
    nextCursor: () => cursor++,
    endpoints$: NEVER,
    close: () => undefined,
  }
  const settings = resolveProducerOptions({ timeoutMs: 1_000, ...options })
  const sender = createSender({
    sending: {
      send$: (endpoint, header, _, { timeoutMs = 0, patient, onWritten }) =>
        defer(() => {
          const diagram = attempts[tries.length] ?? '----------'
          tries.push(
            `${endpoint} q${header.queueId} at ${asyncScheduler.now()} for ${timeoutMs}${patient === true ? '!' : ''}`,
          )
          headers.push(header)
          const letter = /[a-z]/.exec(diagram)?.[0] ?? ''
          onWritten?.()
          return letter === 's' || letter === ''
            ? m.cold(diagram.replace('s', '(s|)'), { s: stored })
            : m.cold<Stored>(diagram.replace(letter, '#'), {}, FAILURES[letter])
        }),
      sendBack$: () => NEVER,
    },
    boards,
    settings,
    report: event => events.push(event),
    scheduler: asyncScheduler,
    random,
    refresh: topic => refreshed.push(topic),
  })
  const outgoing: Outgoing = {
    topic: 't',
    messageId: 'the id',
    body: Buffer.from('x'),
    properties: 'UNIQ_KEY\u0001the id\u0002',
    sysFlag: 0,
    bornTimestamp: 1_000,
    shardKey,
  }
  const sent$ = sender
    .send$(outgoing, settings.timeoutMs, () => written.push(asyncScheduler.now()), givenUp)
    .pipe(
      tap({ next: result => results.push(result), error: (error: unknown) => errors.push(error as RocketError) }),
      map(() => 's'),
      errorsAsValues(),
    )
  return { sent$, tries, headers, written, refreshed, events, errors, results }
}

describe('a message', () => {
  it(
    'that is stored at once was sent once, to the next queue of the rotation',
    marbles(m => {
      const { sent$, tries, written, results } = drawn(m, ['--s'])
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect([tries, written]).toEqual([['a:1 q0 at 0 for 1000'], [0]])
      expect(results).toMatchObject([
        { messageId: 'the id', attempts: 1, elapsedMs: 2, queueOffset: Long.fromNumber(5) },
      ])
    }),
  )

  it(
    'refused by one broker is offered to another, under the same id',
    marbles(m => {
      const { sent$, tries, headers, events, results } = drawn(m, ['--e', '---s'])
      m.expect(sent$).toBeObservable('-----(s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 2 for 998!'])
      expect(headers.map(({ properties }) => properties)).toEqual([headers[0]?.properties, headers[0]?.properties])
      expect(results).toMatchObject([{ attempts: 2, elapsedMs: 5 }])
      expect(events).toMatchObject([{ type: 'send-retried', messageId: 'the id', error: { responseCode: 1 } }])
    }),
  )

  it(
    'goes to the next queue of the rotation when all brokers have failed it',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['-e', '-e', '-s'])
      m.expect(sent$).toBeObservable('---(s|)')
      m.flush()
      expect(tries.map(one => one.slice(0, 3))).toEqual(['a:1', 'b:1', 'b:1'])
    }),
  )

  it(
    'is given up after the repeats allowed, and every attempt is listed',
    marbles(m => {
      const { sent$, errors } = drawn(m, ['-e', '--c', '-e'], { retries: 2 })
      m.expect(sent$).toBeObservable('----(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.flush()
      expect(errors[0]).toMatchObject({ topic: 't', queue: 't@b:0', endpoint: 'b:1' })
      expect(errors[0]?.attempts).toEqual([
        { endpoint: 'a:1', code: 'ERR_RMQ_BROKER', sent: 'no', responseCode: 1, elapsedMs: 1 },
        { endpoint: 'b:1', code: 'ERR_RMQ_CONNECT', sent: 'no', elapsedMs: 2 },
        { endpoint: 'b:1', code: 'ERR_RMQ_BROKER', sent: 'no', responseCode: 1, elapsedMs: 1 },
      ])
    }),
  )

  it(
    'waits a little before it is offered again to brokers that are busy, each time longer',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['-b', '-b', '-s'])
      m.expect(sent$).toBeObservable('153ms (s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 51 for 949!', 'b:1 q0 at 152 for 848!'])
    }),
  )

  it(
    'is not repeated when the broker says that the message itself is wrong, or that it may not be sent',
    marbles(m => {
      const illegal = drawn(m, ['-i', '-s'])
      const denied = drawn(m, ['-p', '-s'])
      m.expect(illegal.sent$).toBeObservable('-(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.expect(denied.sent$).toBeObservable(' -(X|)', { X: 'ERR_RMQ_BROKER no' })
      m.flush()
      expect([illegal.tries.length, denied.tries.length]).toEqual([1, 1])
    }),
  )

  it(
    'that may have been stored is repeated by policy `java`, and not by policy `safe`',
    marbles(m => {
      const java = drawn(m, ['--l', '-s'], { retry: 'java' })
      const safe = drawn(m, ['--l', '-s'], { retry: 'safe' })
      m.expect(java.sent$).toBeObservable('---(s|)')
      m.expect(safe.sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(java.results).toMatchObject([{ attempts: 2 }])
    }),
  )

  it(
    'that certainly was not stored is repeated by policy `safe`, too',
    marbles(m => {
      const { sent$ } = drawn(m, ['-c', '-e', '-s'], { retry: 'safe' })
      m.expect(sent$).toBeObservable('---(s|)')
    }),
  )

  it(
    'may be stored if any of its attempts may be, whatever the last one was',
    marbles(m => {
      const { sent$, errors } = drawn(m, ['-l', '-c'], { retries: 1 })
      m.expect(sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(errors[0]?.attempts.map(({ sent }) => sent)).toEqual(['maybe', 'no'])
    }),
  )

  it(
    'is given up when its time is over, and says so, with what happened before as the cause',
    marbles(m => {
      const { sent$, tries, errors } = drawn(m, ['------e', '----e', '-s'], { timeoutMs: 10 })
      m.expect(sent$).toBeObservable('----------(X|)', { X: 'ERR_RMQ_TIMEOUT no' })
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 10', 'b:1 q0 at 6 for 4!'])
      expect(errors[0]).toMatchObject({
        message: 'sending to topic "t" took longer than 10 ms',
        cause: { responseCode: 1 },
      })
    }),
  )

  it(
    'is not offered once more when its time ends while it waits for a busy broker',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['-----b', '-s'], { timeoutMs: 20 })
      m.expect(sent$).toBeObservable('--------------------(X|)', { X: 'ERR_RMQ_TIMEOUT no' })
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'with a sharding key stays on its queue, over all repeats, and waits for its connection',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['-e', '-c', '-s'], { shardKey: 'order-1' })
      m.expect(sent$).toBeObservable('---(s|)')
      m.flush()
      const where = tries.map(one => one.split(' at ')[0])
      expect(new Set(where).size).toBe(1)
      expect(tries.every(one => one.endsWith('!'))).toBe(true)
    }),
  )

  it(
    'does not wait for a connection that is down while there is another broker to try',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['c', '-s'])
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect(tries).toEqual(['a:1 q0 at 0 for 1000', 'b:1 q0 at 0 for 1000!'])
    }),
  )

  it(
    'is offered to another broker when the route names no address for the first',
    marbles(m => {
      const halfKnown: Board = { ...BOARD, masterOf: name => (name === 'a' ? undefined : masterOf(ROUTE, name)) }
      const { sent$, tries } = drawn(m, ['-s'], { board$: of(halfKnown) })
      m.expect(sent$).toBeObservable('-(s|)')
      m.flush()
      expect(tries).toEqual(['b:1 q0 at 0 for 1000!'])
    }),
  )

  it(
    'whose connection fails has its route asked again, and so has one sent by the template once it is stored',
    marbles(m => {
      const failed = drawn(m, ['-c', '-s'])
      const first = drawn(m, ['-s'], { board$: of({ ...BOARD, fromTemplate: true }) })
      const usual = drawn(m, ['-e', '-s'])
      m.expect(failed.sent$).toBeObservable('--(s|)')
      m.expect(first.sent$).toBeObservable(' -(s|)')
      m.expect(usual.sent$).toBeObservable(' --(s|)')
      m.flush()
      expect([failed.refreshed, first.refreshed, usual.refreshed]).toEqual([['t'], ['t'], []])
    }),
  )

  it(
    'without a route waits for one, and fails with the reason why there is none',
    marbles(m => {
      const found = drawn(m, ['-s'], { board$: m.cold('---b', { b: BOARD }) })
      const none = drawn(m, ['-s'], {
        board$: m.cold('--#', {}, routeNotFound('t', 'the name server does not know it')),
      })
      m.expect(found.sent$).toBeObservable('----(s|)')
      m.expect(none.sent$).toBeObservable(' --(X|)', { X: 'ERR_RMQ_ROUTE_NOT_FOUND no' })
      m.flush()
      expect([found.tries, none.tries]).toEqual([['a:1 q0 at 3 for 997'], []])
    }),
  )

  it(
    'that nobody waits for any more is not repeated',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['--l', '-s'], { givenUp: () => asyncScheduler.now() >= 1 })
      m.expect(sent$).toBeObservable('--(X|)', { X: 'ERR_RMQ_CONNECT maybe' })
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'unsubscribed ends its attempt, and none follows',
    marbles(m => {
      const { sent$, tries } = drawn(m, ['----e', '-s'])
      m.expect(sent$, '^--!').toBeObservable('')
      m.flush()
      expect(tries).toHaveLength(1)
    }),
  )

  it(
    'finds its queue by chance, if told to',
    marbles(m => {
      const chances = [3 / 2 ** 30, 0]
      const random = () => chances.shift() ?? 0
      const { sent$, tries } = drawn(m, ['-e', '-s'], { select: 'random', random })
      m.expect(sent$).toBeObservable('--(s|)')
      m.flush()
      expect(tries.map(one => one.slice(0, 6))).toEqual(['b:1 q1', 'a:1 q0'])
    }),
  )
})
