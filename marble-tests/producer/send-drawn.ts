/** One send on a scripted broker, for pictures. */
import Long from 'long'
import { asyncScheduler, defer, map, NEVER, type Observable, of, tap } from 'rxjs'
import type { SendHeader, Stored } from '../../src/broker/sending.ts'
import { connectionLost, notConnected, requestTimeout, RocketError } from '../../src/errors.ts'
import type { HealthOptions } from '../../src/client/health-options.ts'
import { message } from '../../src/messages/message.ts'
import type { QueueRef } from '../../src/messages/offsets.ts'
import { topic } from '../../src/messages/topic.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { resolveProducerOptions, type ProducerOptions } from '../../src/producer/options.ts'
import type { Outgoing } from '../../src/producer/outgoing.ts'
import { createRoutingStats } from '../../src/producer/routing-stats.ts'
import type { SendResult } from '../../src/producer/send-result.ts'
import type { Select } from '../../src/producer/selection.ts'
import { createSender } from '../../src/producer/send.ts'
import type { Board } from '../../src/producer/board.ts'
import type { TopicBoards } from '../../src/producer/topic-boards.ts'
import { masterOf } from '../../src/protocol/bodies/routes.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { aHealth } from '../../test/support/a-health.ts'
import { aRoute, queuesNamed } from '../../test/support/builders.ts'
import { errorsAsValues, type Marbles } from '../marbles.ts'

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
const STORED: Readonly<Record<string, Stored>> = { s: stored, n: { ...stored, status: 'slave-not-available' } }
const answered = (
  responseCode: number,
  code: 'ERR_RMQ_BROKER' | 'ERR_RMQ_BUSY' | 'ERR_RMQ_AUTH' = 'ERR_RMQ_BROKER',
  remark = '',
) => new RocketError(code, 'refused', { responseCode, remark, retriable: true })

/** What a broker may do to an attempt, by letter; `s` it stores the message, `n` only on the master. */
const FAILURES: Readonly<Record<string, RocketError>> = {
  e: answered(RESPONSE.SYSTEM_ERROR),
  b: answered(RESPONSE.SYSTEM_BUSY, 'ERR_RMQ_BUSY'),
  i: answered(RESPONSE.MESSAGE_ILLEGAL),
  p: answered(RESPONSE.SYSTEM_ERROR, 'ERR_RMQ_BROKER', 'AclException: check signature failed'),
  c: notConnected('x:1'),
  l: connectionLost('x:1', 'maybe'),
  t: requestTimeout('x:1', 1, 10, 'maybe'),
}

export const ROUTE = aRoute({ a: 'a:1', b: 'b:1' }, 2)
export const BOARD: Board = {
  queues: queuesNamed('a0 a1 b0 b1'),
  masterOf: name => masterOf(ROUTE, name),
  fromTemplate: false,
  isNewTo: () => false,
  route: ROUTE,
}

interface Setting extends ProducerOptions {
  readonly board$?: Observable<Board>
  readonly shardKey?: string
  readonly givenUp?: () => boolean
  readonly random?: () => number
  readonly healthOptions?: Partial<HealthOptions>
  /** The producer's strategy at the moment. */
  readonly selectNow?: () => Select
  /** What this one send is told. */
  readonly one?: Select | QueueRef
  readonly keys?: readonly string[]
}

/**
 * One send whose attempts are drawn, one after the other. Its picture says `s` when it is stored, or its error; `tries` tells
 * which broker was asked when, for how long, and whether to wait for a connection (`!`).
 */
export const drawSend = (m: Marbles, attempts: readonly string[], setting: Setting = {}) => {
  const { board$ = of(BOARD), shardKey, givenUp = () => false, random = () => 0, ...more } = setting
  const { healthOptions = {}, selectNow, one, keys = [], ...options } = more
  const tries: string[] = []
  const headers: SendHeader[] = []
  const written: number[] = []
  const refreshed: string[] = []
  const events: ReportedEvent[] = []
  const errors: RocketError[] = []
  const results: SendResult[] = []
  const rotation = { cursor: 0 }
  const boards: TopicBoards = {
    board: () => undefined,
    board$: () => board$,
    rotation: () => rotation,
    endpoints$: NEVER,
    size: () => 0,
    close: () => undefined,
  }
  const routing = createRoutingStats()
  const health = aHealth(healthOptions, { report: event => events.push(event) })
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
          return 'sn'.includes(letter)
            ? m.cold(diagram.replace(letter, `(${letter}|)`), STORED)
            : m.cold<Stored>(diagram.replace(letter, '#'), {}, FAILURES[letter])
        }),
      sendBatch$: () => NEVER,
      oneway$: () => NEVER,
      sendBack$: () => NEVER,
      reply$: () => NEVER,
      recall$: () => NEVER,
    },
    boards,
    settings,
    report: event => events.push(event),
    scheduler: asyncScheduler,
    random,
    refresh: topic => refreshed.push(topic),
    health,
    routing,
    select: selectNow ?? (() => settings.select as Select),
  })
  const outgoing: Outgoing = {
    topic: 't',
    messageId: 'the id',
    body: Buffer.from('x'),
    properties: 'UNIQ_KEY\u0001the id\u0002',
    sysFlag: 0,
    bornTimestamp: 1_000,
    shardKey,
    isBatch: false,
    message: message(topic('t'), Buffer.from('x'), { keys }),
  }
  const sent$ = sender
    .send$(outgoing, settings.timeoutMs, () => written.push(asyncScheduler.now()), givenUp, one)
    .pipe(
      tap({ next: result => results.push(result), error: (error: unknown) => errors.push(error as RocketError) }),
      map(() => 's'),
      errorsAsValues(),
    )
  return { sent$, health, routing, tries, headers, written, refreshed, events, errors, results }
}
