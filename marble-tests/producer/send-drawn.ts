/** One send on a scripted broker, for pictures. */
import Long from 'long'
import { asyncScheduler, defer, map, NEVER, type Observable, of, tap } from 'rxjs'
import type { SendHeader, Stored } from '../../src/broker/sending.ts'
import { connectionLost, notConnected, requestTimeout, RocketError } from '../../src/errors.ts'
import type { ReportedEvent } from '../../src/observability/events.ts'
import { resolveProducerOptions, type ProducerOptions } from '../../src/producer/options.ts'
import type { Outgoing } from '../../src/producer/outgoing.ts'
import { createSender } from '../../src/producer/send.ts'
import type { Board, TopicBoards } from '../../src/producer/topic-boards.ts'
import { masterOf } from '../../src/protocol/routes.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
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

export const ROUTE = aRoute({ a: 'a:1', b: 'b:1' }, 2)
export const BOARD: Board = {
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
export const drawSend = (m: Marbles, attempts: readonly string[], setting: Setting = {}) => {
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
      reply$: () => NEVER,
      recall$: () => NEVER,
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
