/** A transactional producer on a scripted broker. See `drawnClient`. */
import Long from 'long'
import { map, tap } from 'rxjs'
import type { Observable } from 'rxjs'
import { expect } from 'vitest'
import { message, topic } from '../../src/index.ts'
import type { Decision, LocalPart, TransactionalOptions, TransactionSendOptions } from '../../src/index.ts'
import { writeHeader } from '../../src/protocol/requests/fields.ts'
import { onewayFrame } from '../../src/protocol/frames/frame.ts'
import { encodeOffsetId } from '../../src/protocol/messages/message-id.ts'
import { PROPERTY } from '../../src/protocol/messages/properties.ts'
import { REQUESTS } from '../../src/protocol/requests/requests.ts'
import { RESPONSE } from '../../src/protocol/responses.ts'
import { storedBytes } from '../../test/support/builders.ts'
import { answers, fakeCluster } from '../../test/support/fake-cluster.ts'
import { fakeTransport } from '../../test/support/fake-transport.ts'
import { drawnClient } from '../client-drawn.ts'
import { errorsAsValues, type Marbles } from '../marbles.ts'

const HOST = { address: '127.0.0.1', port: 1 }
const WORDS: Readonly<Record<string, Decision>> = { 8: 'commit', 12: 'rollback', 0: 'unknown' }

/** The answer to a half message, which is at offset 5 of the half topic and at 500 of the log. */
const halfStored = (code: number) =>
  answers(
    code,
    writeHeader(REQUESTS.SEND_MESSAGE_V2.answers, {
      msgId: encodeOffsetId(HOST, Long.fromNumber(500)),
      queueId: 0,
      queueOffset: Long.fromNumber(5),
      transactionId: 'id 1',
    }),
  )

export interface CheckBack {
  /** Default: `other`, of another process. */
  readonly id?: string
  readonly group?: string
  readonly checkTimes?: number
  /** Where the copy is that the broker asks about; in the log a hundred times as far. */
  readonly at?: number
  readonly body?: Buffer
}

const checkBack = ({ id = 'other', group = 'tx', checkTimes = 1, at = 9, body }: CheckBack) =>
  onewayFrame(REQUESTS.CHECK_TRANSACTION_STATE.code, {
    fields: writeHeader(REQUESTS.CHECK_TRANSACTION_STATE.asks, {
      topic: 'RMQ_SYS_TRANS_HALF_TOPIC',
      tranStateTableOffset: Long.fromNumber(at),
      commitLogOffset: Long.fromNumber(at * 100),
      msgId: id,
      transactionId: id,
      bname: 'a',
    }),
    body:
      body ??
      storedBytes({
        properties: {
          [PROPERTY.UNIQUE_KEY]: id,
          [PROPERTY.PRODUCER_GROUP]: group,
          [PROPERTY.TRANSACTION_CHECK_TIMES]: String(checkTimes),
        },
      }),
  })

interface Setting extends Partial<TransactionalOptions> {
  /** What the broker does to the half message: `s` stores it, `r` stores it unreplicated, `f` refuses it. */
  readonly half?: string
  /** Default: one, `a` at `a:1`. */
  readonly brokers?: Readonly<Record<string, string>>
}

export const drawnTransactions = (m: Marbles, { half = '--s', brokers, ...options }: Setting = {}) => {
  const transport = fakeTransport(
    fakeCluster({
      ...(brokers === undefined ? {} : { brokers }),
      instead: {
        [REQUESTS.SEND_MESSAGE_V2.code]: () =>
          m.cold(half.replace(/[srf]/, '($&|)'), {
            s: halfStored(RESPONSE.SUCCESS),
            r: halfStored(RESPONSE.SLAVE_NOT_AVAILABLE),
            f: answers(RESPONSE.NO_PERMISSION, {}),
          }),
      },
    }),
  )
  const { client, events } = drawnClient(transport)
  const producer = client.transactionalProducer({ group: 'tx', check: () => 'unknown', ...options })
  const at = (diagram: string, call: () => unknown) =>
    m.expect(m.cold(diagram).pipe(tap(() => void call()))).toBeObservable(diagram)
  const send$ = <R>(local: LocalPart<R>, decide?: (value: R | undefined) => Decision, given?: TransactionSendOptions) =>
    producer.sendInTransaction$(message(topic('t'), Buffer.from('x')), local, decide, given)
  /** `commit`, `unknown by boom`, with `!` where the broker could not be told. */
  const shown$ = (...args: Parameters<typeof send$<unknown>>): Observable<string> =>
    send$(...args).pipe(
      map(({ decision, value, localError, confirmed }) => {
        const by =
          localError instanceof Error
            ? ` by ${localError.message}`
            : value === undefined
              ? ''
              : ` of ${value as string}`
        return `${decision}${by}${confirmed ? '' : '!'}`
      }),
      errorsAsValues(),
    )
  /** What the broker was told, of which copy, and when. */
  const told = () =>
    transport.sent(REQUESTS.END_TRANSACTION.code).map(({ frame: { fields }, at: when }) => {
      expect(Number(fields['commitLogOffset'])).toBe(Number(fields['tranStateTableOffset']) * 100)
      const checked = fields['fromTransactionCheck'] === 'true' ? ' as asked' : ''
      const word = WORDS[fields['commitOrRollback'] ?? '']
      return `${word} ${fields['transactionId']} at ${fields['tranStateTableOffset']}${checked}, ${when} ms`
    })
  /** Which brokers heard that this client leaves its group. */
  const left = () =>
    transport.sent(REQUESTS.UNREGISTER_CLIENT.code).map(({ endpoint, at: when }) => `${endpoint} at ${when}`)
  const failures = () =>
    events.flatMap(event =>
      event.type === 'transaction-failure' ? `${event.where} of ${event.transactionId} at ${event.at}` : [],
    )
  return {
    client,
    producer,
    at,
    shown$,
    send$,
    told,
    left,
    failures,
    events,
    transport,
    ask: (check: CheckBack = {}) => transport.say('a:1', checkBack(check)),
    closeAfter: (ms: number) => at(`${ms}ms c`, () => client.close()),
  }
}
